//! `GET /analytics/stats`.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json},
};

use super::{
    query::{StatsParams, StatsQuery},
    repository,
    view::DashboardView,
};
use crate::params::Params;

/// The dashboard
///
/// Figures, chart and branches of a range of days.
#[utoipa::path(get, path = "/analytics/stats", tag = "dashboard", params(StatsParams),
    responses((status = 200, body = DashboardView)))]
pub(crate) async fn get_stats(
    State(app): State<AppState>,
    context: TenantContext,
    params: Params,
) -> Result<Json<DashboardView>, ApiError> {
    let query = StatsQuery::read(params)?;
    let mut tx = context.tx(&app.pool).await?;
    Ok(Json(repository::dashboard(&mut tx, &context, query).await?))
}
