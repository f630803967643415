//! Working a job, from whichever point an earlier attempt reached: parse (once), store what was rejected, land, end.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use chrono::Utc;
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use common::jobs::Attempt;
use sqlx::PgPool;

use super::folder::{files_in, tenant_folder};
use super::job::{IngestTask, JobRow, read};
use super::land::{Landed, land};
use super::parse::{Counters, ParseOrder, Parsed, parse};
use super::progress::{Progress, until_cancelled, write};
use super::rejected;
use super::spool::JobFolder;
use super::view::ProgressView;
use crate::ga4::MappingSettings;
use crate::load::LandError;

/// Of the rejected rows of a job that failed because of them, so many are kept: enough to see what is wrong.
const REJECTED_OF_A_FAILED_JOB: usize = 1000;
/// How far ahead of now a client's clock may be, in microseconds.
const CLOCK_TOLERANCE: i64 = 24 * 3600 * 1_000_000;

/// What working a job needs.
#[derive(Debug, Clone)]
pub struct Ingestion {
    pub pool: PgPool,
    pub data_root: PathBuf,
}

struct StopWork(Arc<Counters>);

impl Drop for StopWork {
    fn drop(&mut self) {
        self.0.cancelled.store(true, Ordering::Relaxed);
    }
}

/// How a job ended.
enum End {
    Completed(Landed),
    /// For good, and why.
    Failed(String),
    Cancelled,
}

/// Works the job to its end. Called again for the same job it goes on, or does nothing when the job has ended.
///
/// # Errors
/// Faults that may pass: the database is away, the disk is full. The queue tries again.
pub async fn work(ingestion: &Ingestion, task: IngestTask, attempt: &Attempt) -> anyhow::Result<()> {
    let IngestTask { tenant_id: tenant, job_id: job } = task;
    let folder = JobFolder::of(&ingestion.data_root, tenant, job);
    let Some(row) = begin(&ingestion.pool, tenant, job).await? else { return folder.remove() };
    let progress = Progress::default();
    let since = Instant::now();
    // Neither a parsing thread nor a day in hand can be dropped; they look at this flag, however this future ends.
    let stop = StopWork(Arc::clone(&progress.counters));
    let end = tokio::select! {
        end = run(ingestion, tenant, job, &row, &folder, &progress) => end,
        () = until_cancelled(&ingestion.pool, tenant, job, &progress, since) => Ok(End::Cancelled),
        () = attempt.stop.cancelled() => Err(anyhow::anyhow!("the service stops; the job goes on in the next process")),
    };
    drop(stop);
    let end = match end {
        Err(error) if attempt.number >= attempt.most => {
            tracing::error!(%job, %tenant, error = format!("{error:#}"), "an ingestion job is given up");
            End::Failed(
                "it failed too often for a reason on the server's side; the log of the data service tells".into(),
            )
        }
        end => end?,
    };
    let mut view = progress.view(since);
    view.phase = Some("done".into());
    view.estimated_end = None;
    finish(&ingestion.pool, tenant, job, end, &view).await?;
    folder.remove()
}

/// Takes the job up; none when it has ended or is gone.
async fn begin(pool: &PgPool, tenant: TenantId, job: JobId) -> anyhow::Result<Option<JobRow>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let row = read(tx.conn(), tenant, job).await?.filter(|row| !row.has_ended());
    if row.is_some() {
        sqlx::query!(
            "update ingestion_jobs
             set status = 'processing', attempts = attempts + 1, started_at = coalesce(started_at, now())
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

async fn run(
    ingestion: &Ingestion,
    tenant: TenantId,
    job: JobId,
    row: &JobRow,
    folder: &JobFolder,
    progress: &Progress,
) -> anyhow::Result<End> {
    if row.cancel_requested {
        return Ok(End::Cancelled);
    }
    let files = match row.origin.as_str() {
        "folder" => files_in(&tenant_folder(&ingestion.data_root, tenant), row.range())?,
        _ => files_in(&folder.incoming(), None)?,
    };
    if files.is_empty() {
        return Ok(End::Failed(match row.origin.as_str() {
            "folder" => "there is no export file for these days in the tenant's folder".into(),
            _ => "the files of this job are gone from DATA_ROOT: send them again".into(),
        }));
    }
    let bytes = files.iter().filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum();
    progress.bytes_total.store(bytes, Ordering::Relaxed);
    let (settings, currency) = mapping_settings(&ingestion.pool, tenant).await?;
    let order = ParseOrder {
        folder: folder.clone(),
        files,
        settings,
        range: row.range(),
        events: row.wants("events"),
        users: row.wants("users"),
        locations: row.wants("locations"),
        counters: Arc::clone(&progress.counters),
    };
    let parsed = parse_once(order).await?;
    if progress.counters.rows.load(Ordering::Relaxed) == 0 {
        // Parsed by an earlier attempt.
        progress.counters.rows.store(parsed.rows(), Ordering::Relaxed);
        progress.counters.bytes.store(bytes, Ordering::Relaxed);
    }

    let limit = if parsed.refused.is_some() { REJECTED_OF_A_FAILED_JOB } else { usize::MAX };
    let mut tx = TenantTx::begin(&ingestion.pool, tenant).await?;
    sqlx::query("set local statement_timeout = 0").execute(tx.conn()).await?;
    rejected::store(tx.conn(), tenant, job, &folder.rejected_file(), limit).await?;
    sqlx::query!(
        "update ingestion_jobs set rejected = $3 where tenant_id = $1 and job_id = $2",
        tenant.0,
        job.0,
        i64::try_from(parsed.rejected()).unwrap_or(i64::MAX),
    )
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    if let Some(reason) = parsed.refused {
        return Ok(End::Failed(reason));
    }
    match land(&ingestion.pool, tenant, job, row, folder, &parsed, progress).await {
        Ok(mut landed) => {
            landed.warnings.extend(warnings(row, &parsed, &currency));
            Ok(End::Completed(landed))
        }
        Err(LandError::Held(reason)) => Ok(End::Failed(reason)),
        Err(error @ LandError::Damaged { .. }) => {
            folder.forget_parsed()?;
            Err(error.into())
        }
        Err(LandError::Other(error)) => Err(error),
    }
}

/// What the person who reads the job should know although it went well.
fn warnings(row: &JobRow, parsed: &Parsed, currency: &str) -> Vec<String> {
    let mut warnings = Vec::new();
    for file in parsed.files.iter().filter(|file| file.rejected > 0) {
        let first = file.first_rejected.as_deref().unwrap_or_default();
        warnings
            .push(format!("{}: {} malformed rows were not taken; the first one, {first}", file.name, file.rejected));
    }
    if parsed.foreign_amounts > 0 {
        warnings.push(format!(
            "{} events have amounts in another currency than {currency}, which add nothing",
            parsed.foreign_amounts
        ));
    }
    let (outside, rows): (u64, u64) = (parsed.files.iter().map(|f| f.outside).sum(), parsed.rows());
    if let Some((from, to)) = row.range().filter(|_| row.wants("events")) {
        let missing = from.iter_days().take_while(|day| *day <= to).filter(|day| !parsed.days.contains_key(day));
        let missing: Vec<String> = missing.map(|day| day.to_string()).collect();
        if let [first, .., last] = missing.as_slice() {
            warnings.push(format!("{} days have no rows in the folder, from {first} to {last}", missing.len()));
        } else if let [day] = missing.as_slice() {
            warnings.push(format!("{day} has no rows in the folder"));
        }
    } else if outside > 0 {
        warnings.push(format!("{outside} of {rows} rows are of other days"));
    }
    warnings
}

/// The result of an earlier attempt, else parses on a thread of its own.
async fn parse_once(order: ParseOrder) -> anyhow::Result<Parsed> {
    match order.folder.parsed_before() {
        Some(parsed) => Ok(parsed),
        None => tokio::task::spawn_blocking(move || parse(&order)).await?,
    }
}

async fn mapping_settings(pool: &PgPool, tenant: TenantId) -> anyhow::Result<(MappingSettings, String)> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let row = sqlx::query!(
        "select currency, user_property, branch_property, failed_search_aliases from tenants where tenant_id = $1",
        tenant.0,
    )
    .fetch_one(tx.conn())
    .await?;
    let settings = MappingSettings {
        currency: row.currency.clone(),
        user_property: row.user_property,
        branch_property: row.branch_property,
        failed_search_aliases: row.failed_search_aliases,
        latest_timestamp: Utc::now().timestamp_micros() + CLOCK_TOLERANCE,
    };
    Ok((settings, row.currency))
}

/// Writes how it ended. What was committed stays, also of a cancelled job.
async fn finish(pool: &PgPool, tenant: TenantId, job: JobId, end: End, view: &ProgressView) -> anyhow::Result<()> {
    let (status, error, landed) = match end {
        End::Completed(landed) if landed.warnings.is_empty() => ("completed", None, landed),
        End::Completed(landed) => ("completed_with_warnings", None, landed),
        End::Failed(reason) => ("failed", Some(reason), Landed::default()),
        End::Cancelled => ("cancelled", None, Landed::default()),
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
