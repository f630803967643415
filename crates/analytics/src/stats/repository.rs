//! The dashboard from the database, in one call.

use common::{auth::TenantContext, db::TenantTx};
use sqlx::types::Json;

use super::{query::StatsQuery, view::DashboardView};
use crate::scope;

/// # Errors
/// The database is away or took too long.
pub(super) async fn dashboard(
    tx: &mut TenantTx,
    context: &TenantContext,
    query: StatsQuery,
) -> Result<DashboardView, sqlx::Error> {
    let StatsQuery { days, granularity, locations } = query;
    let selected = scope::selected(context, locations);
    let Json(dashboard) = sqlx::query_scalar!(
        r#"select get_complete_dashboard_data($1, $2, $3, $4, $5, $6) as "dashboard!: Json<DashboardView>""#,
        context.tenant_id.uuid(),
        days.map(|days| days.first),
        days.map(|days| days.last),
        granularity.name(),
        selected.as_deref(),
        scope::visible(context),
    )
    .fetch_one(tx.conn())
    .await?;
    Ok(dashboard)
}
