//! `DELETE /analytics/email/schedules/{schedule_id}`.

use axum::{extract::State, http::StatusCode};
use chrono::Utc;
use common::{
    auth::{AppState, TenantContext, audit},
    http::{ApiError, Path},
    ids::ScheduleId,
};

use super::{create::shown, due, is_in_scope, run, stored, view::no_such_schedule};

/// Remove a schedule
///
/// It does not come round any more; its runs stay listed, and one that waits ends.
#[utoipa::path(delete, path = "/analytics/email/schedules/{schedule_id}", tag = "email",
    params(("schedule_id" = ScheduleId, Path)), responses((status = 204, description = "It is gone")))]
pub(super) async fn remove_schedule(
    State(app): State<AppState>,
    context: TenantContext,
    Path(id): Path<ScheduleId>,
) -> Result<StatusCode, ApiError> {
    let (tenant, now) = (context.tenant_id, Utc::now());
    let mut tx = context.tx(&app.pool).await?;
    due::lock(tx.conn(), tenant).await?;
    let removed = stored::load(tx.conn(), tenant, Some(id), None)
        .await?
        .pop()
        .filter(|schedule| is_in_scope(&context, schedule.branch_codes.as_deref()))
        .ok_or_else(no_such_schedule)?;
    sqlx::query!("delete from report_schedules where tenant_id = $1 and schedule_id = $2", tenant.0, id.0)
        .execute(tx.conn())
        .await?;
    run::end_waiting(tx.conn(), tenant, id, None, "The schedule was removed while this run waited.", now).await?;
    due::align(tx.conn(), tenant, now).await?;
    audit::note(tx.conn(), tenant, &context.actor, "schedule.removed", Some(&id.to_string()), shown(&removed)).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
