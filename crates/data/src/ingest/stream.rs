//! `GET /data/ingest/jobs/{job_id}/stream`: a job's progress as it happens, as server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use common::auth::{AppState, TenantContext};
use common::db::TenantTx;
use common::http::{ApiError, Path};
use common::ids::{JobId, TenantId};
use futures::Stream;
use futures::stream::unfold;
use sqlx::PgPool;
use utoipa::ToSchema;

use super::view::{JobView, view};

/// Between two looks at the job.
const EVERY: Duration = Duration::from_millis(500);
/// A comment so often, so that nothing between here and the client takes the silence for an end.
const ALIVE: Duration = Duration::from_secs(15);

/// An event of the stream.
#[derive(ToSchema)]
#[expect(dead_code, reason = "documents the lines of an event")]
pub struct JobEvent {
    event: JobEventKind,
    /// The job as `GET /data/ingest/jobs/{job_id}` answers it, as JSON.
    #[schema(content_media_type = "application/json")]
    data: String,
}

#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the names of events")]
enum JobEventKind {
    /// Something has changed.
    Progress,
    /// The job has ended, and so does the stream.
    End,
}

/// Follow one job: an event `progress` with the job whenever something has changed, and `end` with it when it has ended;
/// then the stream is over.
#[utoipa::path(get, path = "/data/ingest/jobs/{job_id}/stream", tag = "ingestion", params(("job_id" = JobId, Path)),
    responses((status = 200, description = "Events `progress` and `end`, each with the job as its data", content_type = "text/event-stream", body = JobEvent)))]
pub async fn stream_ingestion_job(
    State(app): State<AppState>,
    context: TenantContext,
    Path(job_id): Path<JobId>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    // The first look decides between a stream and a 404.
    look(&app.pool, context.tenant_id, job_id).await?;
    let watch = Watch { pool: app.pool, tenant: context.tenant_id, job: job_id, told: String::new(), over: false };
    Ok(Sse::new(unfold(watch, next)).keep_alive(KeepAlive::new().interval(ALIVE)))
}

struct Watch {
    pool: PgPool,
    tenant: TenantId,
    job: JobId,
    told: String,
    over: bool,
}

async fn look(pool: &PgPool, tenant: TenantId, job: JobId) -> Result<JobView, ApiError> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    view(tx.conn(), tenant, job).await
}

async fn next(mut watch: Watch) -> Option<(Result<Event, Infallible>, Watch)> {
    if watch.over {
        return None;
    }
    loop {
        // A database that is away for a moment does not end the stream.
        if let Ok(job) = look(&watch.pool, watch.tenant, watch.job).await
            && let Ok(data) = serde_json::to_string(&job)
        {
            watch.over = job.completed_at.is_some();
            if watch.over || data != watch.told {
                let event = Event::default().event(if watch.over { "end" } else { "progress" }).data(&data);
                watch.told = data;
                return Some((Ok(event), watch));
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}
