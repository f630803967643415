//! Tells the job's row how far the work is, and learns from it that the job was cancelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use sqlx::PgPool;

use super::days::DayDone;
use super::view::ProgressView;
use crate::sources::Counters;

/// Between two looks at the row.
const EVERY: Duration = Duration::from_secs(1);

/// How far a job is; shared between the work and its monitor.
#[derive(Debug, Default)]
pub struct Progress {
    pub counters: Arc<Counters>,
    pub bytes_total: AtomicU64,
    pub days_done: AtomicU64,
    pub days_total: AtomicU64,
    /// Of `days_done`, those of earlier attempts, and the rows that these had.
    pub days_before: AtomicU64,
    pub rows_before: AtomicU64,
    /// Each day is read and landed by itself, so that days alone tell how far the job is.
    pub by_day: AtomicBool,
}

impl Progress {
    /// `units` days are left beside those that earlier attempts have done with.
    pub fn begin_days(&self, units: usize, done: &[DayDone]) {
        self.by_day.store(true, Ordering::Relaxed);
        self.days_before.store(done.len() as u64, Ordering::Relaxed);
        self.days_done.store(done.len() as u64, Ordering::Relaxed);
        self.rows_before.store(done.iter().map(|done| done.found.rows).sum(), Ordering::Relaxed);
        self.days_total.store((units + done.len()) as u64, Ordering::Relaxed);
    }

    /// Whether this attempt has done with a day.
    pub fn has_done_days(&self) -> bool {
        self.days_done.load(Ordering::Relaxed) > self.days_before.load(Ordering::Relaxed)
    }

    /// The numbers as the API shows them.
    pub fn view(&self, since: Instant) -> ProgressView {
        let load = |n: &AtomicU64| n.load(Ordering::Relaxed);
        let (days_done, days_total) = (load(&self.days_done), load(&self.days_total));
        let days_before = load(&self.days_before);
        let (bytes_read, bytes_total) = (load(&self.counters.bytes), load(&self.bytes_total));
        let rows_now = load(&self.counters.rows);
        let seconds = since.elapsed().as_secs_f64().max(0.001);
        let by_day = self.by_day.load(Ordering::Relaxed);
        let landing = if by_day { days_done > days_before } else { days_total > 0 };
        // Reading and landing files take about the same time, so each is half of the way.
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let share = match (by_day, landing, bytes_total) {
            (true, false, _) | (false, false, 0) => 0.0,
            // What earlier attempts did says nothing of how fast this one is.
            (true, true, _) => {
                days_done.saturating_sub(days_before) as f64 / days_total.saturating_sub(days_before).max(1) as f64
            }
            (false, true, _) => 0.5 + 0.5 * days_done as f64 / days_total as f64,
            (false, false, total) => 0.5 * (bytes_read as f64 / total as f64).min(1.0),
        };
        let left = (share > 0.02).then(|| seconds * (1.0 - share) / share);
        ProgressView {
            phase: Some(if landing { "landing" } else { "reading" }.into()),
            note: None,
            days_done,
            days_total,
            rows_read: load(&self.rows_before) + rows_now,
            bytes_read: bytes_read.min(bytes_total),
            bytes_total,
            #[expect(clippy::cast_precision_loss, reason = "a rate")]
            rows_per_second: (rows_now as f64 / seconds).round(),
            estimated_end: left
                .and_then(|s| chrono::Duration::try_milliseconds((s * 1000.0) as i64))
                .map(|d| Utc::now() + d),
        }
    }
}

/// Writes the progress every second; comes back when the job is cancelled (by a person, or because it was taken away).
/// A database that is away for a moment is no reason to stop: the work itself will notice.
pub async fn until_cancelled(pool: &PgPool, tenant: TenantId, job: JobId, progress: &Progress, since: Instant) {
    loop {
        tokio::time::sleep(EVERY).await;
        match write(pool, tenant, job, &progress.view(since)).await {
            Ok(false) => {}
            Ok(true) => return,
            Err(error) => tracing::warn!(%error, %job, "a job's progress could not be written"),
        }
    }
}

/// Writes it once; true when the job is to stop.
///
/// # Errors
/// The database is away.
pub async fn write(pool: &PgPool, tenant: TenantId, job: JobId, view: &ProgressView) -> Result<bool, sqlx::Error> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let json = serde_json::to_value(view).map_err(|e| sqlx::Error::Encode(e.into()))?;
    let going = sqlx::query_scalar!(
        "update ingestion_jobs set progress = $3, heartbeat_at = now()
         where tenant_id = $1 and job_id = $2 and status = 'processing'
         returning not cancel_requested as going",
        tenant.0,
        job.0,
        json,
    )
    .fetch_optional(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(going.flatten() != Some(true))
}
