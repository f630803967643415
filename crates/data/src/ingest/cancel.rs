//! `POST /data/ingest/jobs/{job_id}/cancel`: a job that nobody works on ends at once, a running one at its next look, which
//! is a second away; the day in hand is rolled back, committed days stay.

use axum::extract::State;
use common::auth::{AppState, TenantContext, audit};
use common::http::{ApiError, Json, Path};
use common::ids::JobId;
use serde_json::json;

use super::view::{JobView, view};

/// Seconds without a sign of life after which no worker is waited for: they give one every second. One that lives after
/// all commits nothing more, for every day asks whether its job goes on.
const SILENCE_OF_THE_DEAD: f64 = 4.0;

/// Cancel an ingestion job.
#[utoipa::path(
    post,
    path = "/data/ingest/jobs/{job_id}/cancel",
    tag = "ingestion",
    params(("job_id" = JobId, Path)),
    responses(
        (status = 200, description = "The job; `cancelled`, or `processing` until the worker has let go", body = JobView),
        (status = 409, description = "The job has ended already", content_type = "application/problem+json", body = common::http::Problem),
    )
)]
pub async fn cancel_ingestion_job(
    State(app): State<AppState>,
    context: TenantContext,
    Path(job_id): Path<JobId>,
) -> Result<Json<JobView>, ApiError> {
    let mut tx = context.tx(&app.pool).await?;
    let changed = sqlx::query_scalar!(
        "update ingestion_jobs
         set cancel_requested = true,
             status = case when status = 'queued' or waits_until is not null
                 or heartbeat_at < now() - make_interval(secs => $3) then 'cancelled' else status end,
             completed_at = case when status = 'queued' or waits_until is not null
                 or heartbeat_at < now() - make_interval(secs => $3) then now() end
         where tenant_id = $1 and job_id = $2 and status in ('queued', 'processing')
         returning status",
        context.tenant_id.0,
        job_id.0,
        SILENCE_OF_THE_DEAD,
    )
    .fetch_optional(tx.conn())
    .await?;
    let job = view(tx.conn(), context.tenant_id, job_id).await?;
    if changed.is_none() {
        return Err(ApiError::Conflict(format!("The job has ended already: {}.", job.status)));
    }
    let target = job_id.to_string();
    audit::note(tx.conn(), context.tenant_id, &context.actor, "ingestion.cancelled", Some(&target), json!({})).await?;
    tx.commit().await?;
    Ok(Json(job))
}
