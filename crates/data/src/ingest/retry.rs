//! `POST /data/ingest/jobs/{job_id}/retry`: another try of a job that failed or was cancelled. Days that it committed stay
//! and are not read again.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use common::auth::{AppState, TenantContext, audit};
use common::http::{ApiError, Json, Path};
use common::ids::JobId;
use common::jobs;
use serde_json::json;

use super::folder::files_in;
use super::job::{INGEST_TASK, IngestTask, queue_key, read};
use super::spool::JobFolder;
use super::start::{lock_starts, overlapping};
use super::view::{JobView, view};

/// Try a failed or cancelled ingestion job again.
#[utoipa::path(
    post,
    path = "/data/ingest/jobs/{job_id}/retry",
    tag = "ingestion",
    params(("job_id" = JobId, Path)),
    responses(
        (status = 202, description = "The job, queued again", body = JobView),
        (status = 409, description = "It has not failed, its files are gone, or another job takes in some of its days", content_type = "application/problem+json", body = common::http::Problem),
    )
)]
pub async fn retry_ingestion_job(
    State(app): State<AppState>,
    context: TenantContext,
    Path(job_id): Path<JobId>,
) -> Result<Response, ApiError> {
    let tenant = context.tenant_id;
    let mut tx = context.tx(&app.pool).await?;
    lock_starts(tx.conn(), tenant).await?;
    let job =
        read(tx.conn(), tenant, job_id).await?.ok_or_else(|| ApiError::NotFound("There is no such job.".into()))?;
    if !job.can_be_retried() {
        return Err(ApiError::Conflict(format!(
            "Only a failed or cancelled job can be tried again; it is {}.",
            job.status
        )));
    }
    if let Some((from, to)) = job.range()
        && let Some(running) = overlapping(tx.conn(), tenant, from, to).await?
    {
        return Err(ApiError::Conflict(format!(
            "Job {running} is already taking in some of these days; wait for it or cancel it."
        )));
    }
    let folder = JobFolder::of(&app.settings.data_root, tenant, job_id);
    if job.brought_files() && files_in(&folder.incoming(), None).map_err(ApiError::Internal)?.is_empty() {
        return Err(ApiError::Conflict("The files of this job are gone from the server; send them again.".into()));
    }
    // What an attempt read may be what it failed for.
    folder.forget_units().map_err(ApiError::Internal)?;
    sqlx::query!(
        "update ingestion_jobs
         set status = 'queued', cancel_requested = false, attempts = 0, error_message = null, completed_at = null, waits_until = null,
             heartbeat_at = null, progress = '{}', warnings = '{}'
         where tenant_id = $1 and job_id = $2",
        tenant.0,
        job_id.0,
    )
    .execute(tx.conn())
    .await?;
    // GA4 may have written by now what it had not then.
    sqlx::query!(
        "delete from ingestion_job_days where tenant_id = $1 and job_id = $2 and outcome = 'absent'",
        tenant.0,
        job_id.0,
    )
    .execute(tx.conn())
    .await?;
    let task = serde_json::to_value(IngestTask { tenant_id: tenant, job_id }).map_err(anyhow::Error::from)?;
    jobs::enqueue(tx.conn(), INGEST_TASK, task, Some(&queue_key(job_id)), None).await.map_err(anyhow::Error::from)?;
    let job = view(tx.conn(), tenant, job_id).await?;
    let target = job_id.to_string();
    audit::note(tx.conn(), tenant, &context.actor, "ingestion.retried", Some(&target), json!({})).await?;
    tx.commit().await?;
    Ok((StatusCode::ACCEPTED, Json(job)).into_response())
}
