//! Working a job, from whichever point an earlier attempt reached: unit by unit it is read (once), what was rejected is
//! stored, the rest lands; then the job ends.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use common::config::{GoogleSettings, Settings};
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use common::jobs::{self, Attempt};
use common::secrets::Sealer;
use google::{Google, Pace};
use sqlx::PgPool;

use super::job::{INGEST_TASK, IngestTask, JobRow, queue_key, read};
use super::land::Landed;
use super::progress::{Progress, until_cancelled, write};
use super::spool::JobFolder;
use super::units::Working;
use super::view::ProgressView;
use crate::source;
use crate::sources::{Counters, Patience};

/// What a job tells that is interrupted by the machine's fault.
const FAULT: &str = "a fault on the server's side; it is tried again";
/// So long a database may be away without the queue's pauses adding to it.
const LONGEST_OUTAGE: Duration = Duration::from_secs(60);
/// Before the next attempt of a job that was interrupted when some of its days had landed.
const AFTER_DAYS: TimeDelta = TimeDelta::seconds(5);
/// Before the second attempt at a job that the machine interrupted, and before any.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(900);

/// What working a job needs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Ingestion {
    pub pool: PgPool,
    pub data_root: PathBuf,
    pub google: Arc<GoogleAccess>,
    /// Servers that tenants name may be in the operator's own networks.
    pub allow_private_addresses: bool,
}

/// How Google is reached, and with whose keys.
#[derive(Debug)]
pub struct GoogleAccess {
    /// One per process: it shares tokens.
    pub client: Google,
    pub sealer: Sealer,
    pub settings: GoogleSettings,
    pub patience: Patience,
}

impl Ingestion {
    /// # Errors
    /// An address of Google's that is configured and is none.
    pub fn new(settings: &Settings, pool: PgPool) -> anyhow::Result<Self> {
        let google = GoogleAccess {
            client: Google::new(source::endpoints(&settings.google)?, Pace::default())?,
            sealer: Sealer::from_settings(settings),
            settings: settings.google.clone(),
            patience: Patience::default(),
        };
        Ok(Self {
            pool,
            data_root: settings.data_root.clone(),
            google: Arc::new(google),
            allow_private_addresses: settings.allow_private_addresses,
        })
    }
}

struct StopWork(Arc<Counters>);

impl Drop for StopWork {
    fn drop(&mut self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }
}

/// How working a job ended.
pub enum End {
    Completed(Landed),
    /// For good, and why.
    Failed(String),
    Cancelled,
    /// Not for good: it goes on then.
    Waiting {
        until: DateTime<Utc>,
        reason: String,
        fault: bool,
    },
}

/// Works the job to its end. Called again for the same job it goes on, or does nothing when the job has ended.
///
/// # Errors
/// Faults that may pass: the database is away, the disk is full. The queue tries again.
pub async fn work(ingestion: &Ingestion, task: IngestTask, attempt: &Attempt) -> anyhow::Result<()> {
    let IngestTask { tenant_id: tenant, job_id: job } = task;
    let folder = JobFolder::of(&ingestion.data_root, tenant, job);
    // Ended before, by this job's last worker or by a person: its folder may be wanted for another try, or is swept.
    let Some(row) = begin(&ingestion.pool, tenant, job).await? else { return Ok(()) };
    let progress = Progress::default();
    let since = Instant::now();
    // Neither a parsing thread nor a day in hand can be dropped; they look at this flag, however this future ends.
    let stop = StopWork(Arc::clone(&progress.counters));
    let working = Working { ingestion, tenant, job, row: &row, folder: &folder, progress: &progress };
    let end = tokio::select! {
        end = working.run() => end,
        () = until_cancelled(&ingestion.pool, tenant, job, &progress, since) => Ok(End::Cancelled),
        () = attempt.stop.cancelled() => Err(anyhow::anyhow!("the service stops; the job goes on in the next process")),
    };
    drop(stop);
    let end = match end {
        // The queue begins it again, in this process or the next one.
        Err(error) if attempt.stop.is_cancelled() => return Err(error),
        // What gets on is not given up: the next attempt comes soon, and is the first one again. The queue's own pauses grow to
        // hours, in which each restart of the server would have its part.
        Err(error) if progress.has_done_days() => {
            tracing::warn!(%job, %tenant, error = format!("{error:#}"), "an ingestion job is interrupted after some days");
            let view = ProgressView { note: Some(FAULT.to_owned()), ..waiting(&progress, since) };
            if rest(&ingestion.pool, task, &view, Some(Utc::now() + AFTER_DAYS), Some(0)).await? {
                return Ok(());
            }
            End::Cancelled
        }
        Err(error) if i32::from(attempt.number).max(row.attempts.saturating_add(1)) >= i32::from(attempt.most) => {
            tracing::error!(%job, %tenant, error = format!("{error:#}"), "an ingestion job is given up");
            End::Failed(
                "it failed too often for a reason on the server's side; the log of the data service tells".into(),
            )
        }
        Err(error) => {
            tracing::warn!(%job, %tenant, error = format!("{error:#}"), "an ingestion job is interrupted");
            let view = ProgressView { note: Some(FAULT.to_owned()), ..waiting(&progress, since) };
            let until = Utc::now() + pause_after(row.attempts);
            if rest(&ingestion.pool, task, &view, Some(until), Some(row.attempts.saturating_add(1))).await? {
                return Ok(());
            }
            End::Cancelled
        }
        Ok(End::Waiting { until, reason, fault }) => {
            tracing::info!(%job, %tenant, %until, reason, "an ingestion job waits");
            let when = until.format("%H:%M UTC on %Y-%m-%d");
            let note = format!("{}; it goes on after {when}", reason.trim_end_matches('.'));
            let view = ProgressView { note: Some(note), estimated_end: None, ..waiting(&progress, since) };
            let attempts = fault.then(|| if progress.has_done_days() { 1 } else { row.attempts.saturating_add(1) });
            if rest(&ingestion.pool, task, &view, Some(until), attempts).await? {
                return Ok(());
            }
            End::Cancelled
        }
        Ok(end) => end,
    };
    let completed = matches!(end, End::Completed(_));
    let mut view = progress.view(since);
    view.phase = Some("done".into());
    view.estimated_end = None;
    finish(&ingestion.pool, tenant, job, end, &view).await?;
    // What came in is kept of a job that can be tried again; the sweep removes it in the end.
    if completed { folder.remove() } else { folder.forget_units() }
}

/// Before the next attempt at a job that has failed so often for the machine's sake: twice as long each time.
fn pause_after(attempts: i32) -> Duration {
    let doublings = u32::try_from(attempts).unwrap_or_default().min(16);
    FIRST_PAUSE.saturating_mul(1 << doublings).min(LONGEST_PAUSE)
}

fn waiting(progress: &Progress, since: Instant) -> ProgressView {
    ProgressView { phase: Some("waiting".into()), ..progress.view(since) }
}

/// Notes that nobody works on the job for now, and queues it for `until`, in place of the entry that is being worked. False
/// when it is to be cancelled instead. A database that is away, which may be what interrupted the job, is waited for.
async fn rest(
    pool: &PgPool,
    task: IngestTask,
    view: &ProgressView,
    until: Option<DateTime<Utc>>,
    attempts: Option<i32>,
) -> anyhow::Result<bool> {
    let since = Instant::now();
    loop {
        match try_rest(pool, task, view, until, attempts).await {
            Err(error) if since.elapsed() < LONGEST_OUTAGE => {
                tracing::warn!(job = %task.job_id, error = format!("{error:#}"), "it cannot be noted that a job waits");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            done => return done,
        }
    }
}

async fn try_rest(
    pool: &PgPool,
    task: IngestTask,
    view: &ProgressView,
    until: Option<DateTime<Utc>>,
    attempts: Option<i32>,
) -> anyhow::Result<bool> {
    let IngestTask { tenant_id: tenant, job_id: job } = task;
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let going = sqlx::query_scalar!(
        r#"update ingestion_jobs
           set progress = $3, waits_until = coalesce($4, now()), attempts = coalesce($5, attempts)
           where tenant_id = $1 and job_id = $2 and status = 'processing'
           returning not cancel_requested as "going!""#,
        tenant.0,
        job.0,
        serde_json::to_value(view)?,
        until,
        attempts,
    )
    .fetch_optional(tx.conn())
    .await?;
    // Cancelled in this last moment, it would be so only when its time has come.
    if going != Some(true) {
        return Ok(false);
    }
    if until.is_some() {
        jobs::enqueue_at(tx.conn(), INGEST_TASK, serde_json::to_value(task)?, Some(&queue_key(job)), None, until)
            .await?;
    }
    tx.commit().await?;
    Ok(true)
}

/// Takes the job up; none when it has ended or is gone.
async fn begin(pool: &PgPool, tenant: TenantId, job: JobId) -> anyhow::Result<Option<JobRow>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let row = read(tx.conn(), tenant, job).await?.filter(|row| !row.has_ended());
    if row.is_some() {
        sqlx::query!(
            "update ingestion_jobs
             set status = 'processing', started_at = coalesce(started_at, now()),
                 heartbeat_at = now(), waits_until = null
             where tenant_id = $1 and job_id = $2",
            tenant.0,
            job.0,
        )
        .execute(tx.conn())
        .await?;
    }
    tx.commit().await?;
    Ok(row)
}

/// Writes how it ended. What was committed stays, also of a cancelled job.
async fn finish(pool: &PgPool, tenant: TenantId, job: JobId, end: End, view: &ProgressView) -> anyhow::Result<()> {
    let (status, error, landed) = match end {
        End::Completed(landed) if landed.warnings.is_empty() => ("completed", None, landed),
        End::Completed(landed) => ("completed_with_warnings", None, landed),
        End::Failed(reason) => ("failed", Some(reason), Landed::default()),
        End::Cancelled => ("cancelled", None, Landed::default()),
        End::Waiting { .. } => return Ok(()),
    };
    write(pool, tenant, job, view).await?;
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query!(
        "update ingestion_jobs
         set status = $3, error_message = $4, records = $5, warnings = $6, completed_at = now()
         where tenant_id = $1 and job_id = $2 and status = 'processing'",
        tenant.0,
        job.0,
        status,
        error,
        serde_json::to_value(&landed.records)?,
        &landed.warnings,
    )
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    match error {
        Some(error) => tracing::warn!(%job, %tenant, error, "an ingestion job failed"),
        None => tracing::info!(%job, %tenant, status, "an ingestion job ended"),
    }
    Ok(())
}
