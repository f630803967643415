//! `PUT /analytics/email/schedules/{schedule_id}`.

use axum::extract::State;
use chrono::Utc;
use common::{
    auth::{AppState, TenantContext, audit},
    http::{ApiError, Json, Path},
    ids::ScheduleId,
};
use serde_json::json;

use super::{
    body::{ScheduleBody, checked, is_retimed},
    create::shown,
    due, is_in_scope, run, stored,
    view::{ScheduleView, no_such_schedule, schedule},
};

/// Change a schedule
///
/// What the body names is replaced, what it leaves out stays. Another cron line or time zone counts from now on; a run that
/// waits goes on waiting, unless the schedule is switched off.
#[utoipa::path(put, path = "/analytics/email/schedules/{schedule_id}", tag = "email",
    params(("schedule_id" = ScheduleId, Path)), request_body = ScheduleBody,
    responses((status = 200, body = ScheduleView)))]
pub(super) async fn change_schedule(
    State(app): State<AppState>,
    context: TenantContext,
    Path(id): Path<ScheduleId>,
    Json(body): Json<ScheduleBody>,
) -> Result<Json<ScheduleView>, ApiError> {
    let (tenant, now) = (context.tenant_id, Utc::now());
    let mut tx = context.tx(&app.pool).await?;
    due::lock(tx.conn(), tenant).await?;
    let before = stored::load(tx.conn(), tenant, Some(id), None)
        .await?
        .pop()
        .filter(|before| is_in_scope(&context, before.branch_codes.as_deref()))
        .ok_or_else(no_such_schedule)?;
    let mut after = checked(tx.conn(), &context, &before, body).await?;
    if is_retimed(&before, &after) {
        let zone = stored::tenant_clock(tx.conn(), tenant).await?.zone;
        let clock = after.clock(zone).map_err(|fault| ApiError::invalid("cron", fault))?;
        after.next_run_at = if after.is_enabled { clock.next_after(now) } else { None };
    }
    stored::save(tx.conn(), tenant, &after, context.actor.account_id).await?;
    if !after.is_enabled {
        run::end_waiting(tx.conn(), tenant, id, None, "The schedule was switched off while this run waited.", now)
            .await?;
    }
    due::align(tx.conn(), tenant, now).await?;
    let view = schedule(tx.conn(), tenant, id, None).await?;
    let (target, details) = (id.to_string(), json!({ "from": shown(&before), "to": shown(&after) }));
    audit::note(tx.conn(), tenant, &context.actor, "schedule.changed", Some(&target), details).await?;
    tx.commit().await?;
    Ok(Json(view))
}
