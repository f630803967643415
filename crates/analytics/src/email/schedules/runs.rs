//! `GET /analytics/email/schedules/runs`.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json, Page, PageQuery, Query},
    ids::ScheduleId,
};
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    list::page,
    view::{RunView, runs},
};
use crate::scope;

/// Which runs.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RunsQuery {
    /// Of this schedule only, which may be a removed one.
    #[garde(skip)]
    schedule_id: Option<ScheduleId>,
}

/// Runs of schedules
///
/// Each time a schedule came round and what became of it, the newest first. Who is limited to branches sees those of the
/// schedules they see.
#[utoipa::path(get, path = "/analytics/email/schedules/runs", tag = "email", params(RunsQuery,
    ("page" = Option<u32>, Query, description = "The page, from 1", minimum = 1, maximum = 1_000_000),
    ("limit" = Option<u32>, Query, description = "Lines a page; 50 unless given", minimum = 1, maximum = 1000)),
    responses((status = 200, body = Page<RunView>)))]
pub(super) async fn list_schedule_runs(
    State(app): State<AppState>,
    context: TenantContext,
    Query(RunsQuery { schedule_id }): Query<RunsQuery>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<RunView>>, ApiError> {
    let mut tx = context.tx(&app.pool).await?;
    let place = (query.offset(), i64::from(query.limit));
    let (data, total) = runs(tx.conn(), context.tenant_id, schedule_id, scope::visible(&context), place).await?;
    Ok(Json(page(&query, total, data)))
}
