//! Puts a job into the queue, inside the caller's transaction: it exists when, and only when, that commits.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgConnection};

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
    enqueue_at(conn, task, payload, job_key, queue, None).await
}

/// The same, not to be run before `run_at`.
///
/// # Errors
/// As [`enqueue`].
pub async fn enqueue_at(
    conn: &mut PgConnection,
    task: &str,
    payload: Value,
    job_key: Option<&str>,
    queue: Option<&str>,
    run_at: Option<DateTime<Utc>>,
) -> Result<(), JobsError> {
    // Never the entry that is there, changed: it may be the one that the caller's own job runs on, and was given back because
    // its worker was silent for too long. Then its end, which deletes the entry by number, would delete what was put in here.
    if let Some(key) = job_key {
        let sql = format!("select from {SCHEMA}.remove_job(job_key => $1)");
        sqlx::query(AssertSqlSafe(sql)).bind(key).execute(&mut *conn).await?;
    }
    // The queue's documented SQL interface: the library's own client wants a pool beside the transaction.
    let sql = format!(
        "select from {SCHEMA}.add_job(identifier => $1, payload => $2::json, job_key => $3, queue_name => $4, run_at => $5)"
    );
    let query = sqlx::query(AssertSqlSafe(sql)).bind(task).bind(payload).bind(job_key).bind(queue).bind(run_at);
    query.execute(conn).await?;
    Ok(())
}
