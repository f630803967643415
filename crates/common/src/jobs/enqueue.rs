//! Puts a job into the queue, inside the caller's transaction: it exists when, and only when, that commits.

use graphile_worker::{JobSpec, WorkerUtils};
use serde_json::Value;
use sqlx::{PgConnection, PgPool};

use super::{JobsError, SCHEMA};

/// Enqueues `payload` for the handler registered under `task`.
///
/// `job_key` names the job: enqueued again before it runs, it replaces the waiting one. Jobs of one `queue` run one after
/// the other.
///
/// # Errors
/// The insert failed; the transaction is then no longer usable.
pub async fn enqueue(
    conn: &mut PgConnection,
    task: &str,
    payload: Value,
    job_key: Option<&str>,
    queue: Option<&str>,
) -> Result<(), JobsError> {
    let spec = JobSpec {
        job_key: job_key.map(str::to_owned),
        queue_name: queue.map(str::to_owned),
        ..JobSpec::default()
    };
    // The pool is part of the library's handle; with an executor given it is never used.
    let unused = PgPool::connect_lazy_with(sqlx::postgres::PgConnectOptions::new_without_pgpass());
    WorkerUtils::new(unused, graphile_worker::Schema::new(SCHEMA))
        .with_executor(conn)
        .add_raw_job(task, payload, spec)
        .await
        .map(|_| ())
        .map_err(|error| JobsError::Queue(error.to_string()))
}
