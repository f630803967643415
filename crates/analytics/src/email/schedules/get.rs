//! `GET /analytics/email/schedules/{schedule_id}`.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json, Path},
    ids::ScheduleId,
};

use super::view::{ScheduleView, schedule};
use crate::scope;

/// A schedule
#[utoipa::path(get, path = "/analytics/email/schedules/{schedule_id}", tag = "email",
    params(("schedule_id" = ScheduleId, Path)), responses((status = 200, body = ScheduleView)))]
pub(super) async fn get_schedule(
    State(app): State<AppState>,
    context: TenantContext,
    Path(id): Path<ScheduleId>,
) -> Result<Json<ScheduleView>, ApiError> {
    let mut tx = context.tx(&app.pool).await?;
    schedule(tx.conn(), context.tenant_id, id, scope::visible(&context)).await.map(Json)
}
