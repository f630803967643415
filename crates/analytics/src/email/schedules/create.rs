//! `POST /analytics/email/schedules`.

use axum::{extract::State, http::StatusCode};
use chrono::Utc;
use common::{
    auth::{AppState, TenantContext, audit},
    http::{ApiError, Json},
    ids::TenantId,
};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{
    body::{NewScheduleBody, ScheduleBody, checked},
    due,
    stored::{self, StoredSchedule},
    view::{ScheduleView, schedule},
};

/// Of one tenant: more than anybody can keep apart.
const MOST: i64 = 50;

/// Make a schedule
///
/// The reports of the named branches, or of all mapped ones, go out by themselves from now on.
#[utoipa::path(post, path = "/analytics/email/schedules", tag = "email", request_body = NewScheduleBody, responses(
    (status = 201, body = ScheduleView),
    (status = 409, description = "The tenant has as many as it may have",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(super) async fn create_schedule(
    State(app): State<AppState>,
    context: TenantContext,
    Json(body): Json<ScheduleBody>,
) -> Result<(StatusCode, Json<ScheduleView>), ApiError> {
    let (tenant, now) = (context.tenant_id, Utc::now());
    let mut tx = context.tx(&app.pool).await?;
    due::lock(tx.conn(), tenant).await?;
    let mut new = checked(tx.conn(), &context, &StoredSchedule::blank(), body).await?;
    require_room(tx.conn(), tenant).await?;
    if new.is_enabled {
        let zone = stored::tenant_clock(tx.conn(), tenant).await?.zone;
        new.next_run_at = new.clock(zone).map_err(anyhow::Error::msg)?.next_after(now);
    }
    stored::save(tx.conn(), tenant, &new, context.actor.account_id).await?;
    due::align(tx.conn(), tenant, now).await?;
    let view = schedule(tx.conn(), tenant, new.schedule_id, None).await?;
    let target = new.schedule_id.to_string();
    audit::note(tx.conn(), tenant, &context.actor, "schedule.created", Some(&target), shown(&new)).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(view)))
}

/// Of a schedule, what the log remembers.
pub(super) fn shown(schedule: &StoredSchedule) -> Value {
    let StoredSchedule {
        schedule_id: _,
        name,
        cron,
        time_zone,
        branch_codes,
        is_enabled,
        days_back,
        wait_minutes,
        without_data,
        window_minutes,
        next_run_at: _,
    } = schedule;
    json!({
        "name": name, "cron": cron, "time_zone": time_zone, "branch_codes": branch_codes, "is_enabled": is_enabled,
        "report_day": days_back, "wait_minutes": wait_minutes, "without_data": without_data,
        "window_minutes": window_minutes,
    })
}

async fn require_room(conn: &mut PgConnection, tenant: TenantId) -> Result<(), ApiError> {
    let there =
        sqlx::query_scalar!(r#"select count(*) as "there!" from report_schedules where tenant_id = $1"#, tenant.0)
            .fetch_one(conn)
            .await?;
    if there < MOST {
        return Ok(());
    }
    Err(ApiError::Conflict(format!("The tenant has {there} schedules, and no more are taken; remove one first.")))
}
