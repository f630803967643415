//! `POST /analytics/email/jobs/{job_id}/cancel`, `…/pause`, `…/resume`. A mail whose content is being sent at that moment is
//! not stopped by any of them; it is the last.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext, audit},
    http::{ApiError, Json, Path, Problem},
    ids::JobId,
};
use serde_json::json;

use crate::{
    email::sending::{
        job::wake,
        view::{self, JobStatus, JobView},
        worker::finish_jobs,
    },
    scope,
};

/// What is wanted of a send.
#[derive(Debug, Clone, Copy)]
enum Change {
    Cancel,
    Pause,
    Resume,
}

/// Cancel a send
///
/// Its mails that still wait are not sent.
#[utoipa::path(post, path = "/analytics/email/jobs/{job_id}/cancel", tag = "email", params(("job_id" = JobId, Path)),
    responses(
        (status = 200, body = JobView),
        (status = 409, description = "It has ended already", body = Problem, content_type = "application/problem+json"),
    ))]
pub(in crate::email::sending) async fn cancel_send(
    State(app): State<AppState>,
    context: TenantContext,
    Path(job_id): Path<JobId>,
) -> Result<Json<JobView>, ApiError> {
    change(&app, &context, job_id, Change::Cancel).await
}

/// Pause a send
///
/// Its mails that still wait stay where they are until it is resumed or cancelled.
#[utoipa::path(post, path = "/analytics/email/jobs/{job_id}/pause", tag = "email", params(("job_id" = JobId, Path)),
    responses(
        (status = 200, body = JobView),
        (status = 409, description = "It has ended, or is paused already", body = Problem,
            content_type = "application/problem+json"),
    ))]
pub(in crate::email::sending) async fn pause_send(
    State(app): State<AppState>,
    context: TenantContext,
    Path(job_id): Path<JobId>,
) -> Result<Json<JobView>, ApiError> {
    change(&app, &context, job_id, Change::Pause).await
}

/// Resume a paused send
#[utoipa::path(post, path = "/analytics/email/jobs/{job_id}/resume", tag = "email", params(("job_id" = JobId, Path)),
    responses(
        (status = 200, body = JobView),
        (status = 409, description = "It is not paused", body = Problem, content_type = "application/problem+json"),
    ))]
pub(in crate::email::sending) async fn resume_send(
    State(app): State<AppState>,
    context: TenantContext,
    Path(job_id): Path<JobId>,
) -> Result<Json<JobView>, ApiError> {
    change(&app, &context, job_id, Change::Resume).await
}

async fn change(
    app: &AppState,
    context: &TenantContext,
    job_id: JobId,
    change: Change,
) -> Result<Json<JobView>, ApiError> {
    let tenant = context.tenant_id;
    let (from, to, action) = match change {
        Change::Cancel => (vec!["queued", "processing", "paused"], "cancelled", "reports.send_cancelled"),
        Change::Pause => (vec!["queued", "processing"], "paused", "reports.send_paused"),
        Change::Resume => (vec!["paused"], "processing", "reports.send_resumed"),
    };
    let mut tx = context.tx(&app.pool).await?;
    let JobView { status, .. } = view::job(tx.conn(), tenant, job_id, scope::visible(context)).await?;
    let changed = sqlx::query_scalar!(
        "update email_sending_jobs set status = $3, error_message = null
         where tenant_id = $1 and job_id = $2 and status = any($4) returning job_id",
        tenant.uuid(),
        job_id.uuid(),
        to,
        &from as _,
    )
    .fetch_optional(tx.conn())
    .await?;
    if changed.is_none() {
        return Err(ApiError::Conflict(match (change, status) {
            (Change::Resume, _) => String::from("The send is not paused."),
            (Change::Pause, JobStatus::Paused) => String::from("The send is paused already."),
            (Change::Cancel | Change::Pause, _) => format!("The send has ended already: {}.", status.as_str()),
        }));
    }
    match change {
        Change::Cancel => {
            sqlx::query!(
                "update email_send_history set status = 'cancelled', next_attempt_at = null
                 where tenant_id = $1 and job_id = $2 and status = 'queued'",
                tenant.uuid(),
                job_id.uuid(),
            )
            .execute(tx.conn())
            .await?;
            // With a mail in hand it ends when that one has.
            finish_jobs(tx.conn(), tenant).await?;
        }
        Change::Pause => {}
        Change::Resume => {
            // The days in which it was held back count for nothing: its mails have all their time from here on.
            sqlx::query!(
                "update email_send_history set queued_at = now() where tenant_id = $1 and job_id = $2 and status = 'queued'",
                tenant.uuid(),
                job_id.uuid(),
            )
            .execute(tx.conn())
            .await?;
            // Whose last mails ended while it was paused ends now.
            finish_jobs(tx.conn(), tenant).await?;
            wake(tx.conn(), tenant, None).await?;
        }
    }
    let view = view::job(tx.conn(), tenant, job_id, None).await?;
    audit::note(tx.conn(), tenant, &context.actor, action, Some(&job_id.to_string()), json!({})).await?;
    tx.commit().await?;
    Ok(Json(view))
}
