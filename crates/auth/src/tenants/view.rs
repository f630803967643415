//! A tenant as its members see it.

use common::{
    auth::{Role, TenantContext},
    http::ApiError,
    ids::TenantId,
    tenants::NewTenant,
};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::memberships::MembershipRow;

/// A tenant of the caller, with its settings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TenantView {
    tenant_id: TenantId,
    name: String,
    /// The caller's role there.
    role: Role,
    /// The branches the caller is limited to; null = all.
    branches: Option<Vec<String>>,
    time_zone: String,
    #[schema(example = "USD")]
    currency: String,
    /// ISO day of the week, 1 = Monday.
    week_start: i16,
}

impl TenantView {
    /// A tenant that its caller has just made.
    pub(super) fn new(tenant_id: TenantId, new: &NewTenant) -> Self {
        let NewTenant { name, time_zone, currency, week_start, .. } = new.clone();
        let name = name.trim().to_owned();
        Self { tenant_id, name, role: Role::Owner, branches: None, time_zone, currency, week_start }
    }

    /// The tenant as it is now, for a caller of this role.
    ///
    /// # Errors
    /// The database is away.
    pub(super) async fn read(conn: &mut PgConnection, context: &TenantContext) -> Result<Self, ApiError> {
        let row = sqlx::query!(
            "select name, time_zone, currency, week_start from tenants where tenant_id = $1",
            context.tenant_id.uuid(),
        )
        .fetch_one(conn)
        .await?;
        Ok(Self {
            tenant_id: context.tenant_id,
            name: row.name,
            role: context.role,
            branches: context.branches.clone(),
            time_zone: row.time_zone,
            currency: row.currency,
            week_start: row.week_start,
        })
    }
}

impl From<MembershipRow> for TenantView {
    fn from(row: MembershipRow) -> Self {
        let MembershipRow { tenant_id, name, role, branches, time_zone, currency, week_start } = row;
        Self { tenant_id, name, role, branches, time_zone, currency, week_start }
    }
}
