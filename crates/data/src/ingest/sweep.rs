//! Removes job folders that nobody will: of an upload that broke off with its process, of a job that ended just before
//! its process did, or of one that failed and was not tried again for a week.

use std::path::Path;
use std::time::{Duration, SystemTime};

use chrono::{TimeDelta, Utc};
use common::db::TenantTx;
use common::ids::{JobId, TenantId};

use super::job::read;
use super::spool::JobFolder;
use super::work::Ingestion;
use crate::events::sweep::forget_old_answers;

/// A younger folder may be an upload that is still streaming in.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3600);
/// How long the files of a job that failed or was cancelled are kept.
const KEPT_FOR_A_RETRY: TimeDelta = TimeDelta::days(7);
const EVERY: Duration = Duration::from_secs(3600);

/// Sweeps now and every hour.
pub async fn keep_sweeping(ingestion: &Ingestion) {
    loop {
        match sweep(ingestion, ABANDONED_AFTER).await {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "abandoned job folders were removed"),
            Err(error) => tracing::warn!(error = format!("{error:#}"), "abandoned job folders could not be removed"),
        }
        match forget_old_answers(&ingestion.pool).await {
            Ok(removed) => tracing::debug!(removed, "answers of old requests were forgotten"),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "answers of old requests could not be forgotten")
            }
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// Removes folders older than `age` whose job has ended or never came to be; answers how many.
///
/// # Errors
/// DATA_ROOT cannot be read, or the database is away.
pub async fn sweep(ingestion: &Ingestion, age: Duration) -> anyhow::Result<usize> {
    let mut removed = 0;
    for (tenant, job) in folders(&ingestion.data_root.join(".jobs"), age)? {
        let mut tx = TenantTx::begin(&ingestion.pool, tenant).await?;
        let wanted = read(tx.conn(), tenant, job).await?.is_some_and(|row| {
            let ended = row.completed_at.map(|at| Utc::now() - at);
            !row.has_ended() || (row.can_be_retried() && ended.is_some_and(|ago| ago < KEPT_FOR_A_RETRY))
        });
        drop(tx);
        if !wanted {
            JobFolder::of(&ingestion.data_root, tenant, job).remove()?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// When the folder or anything in it was written last: a body that streams in touches its file alone.
fn newest(folder: &Path) -> anyhow::Result<SystemTime> {
    let mut newest = std::fs::metadata(folder)?.modified()?;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let written =
            if entry.file_type()?.is_dir() { self::newest(&entry.path())? } else { entry.metadata()?.modified()? };
        newest = newest.max(written);
    }
    Ok(newest)
}

/// `<tenant>/<job>` folders that were not touched for `age`; anything of another name is not ours.
fn folders(jobs: &Path, age: Duration) -> anyhow::Result<Vec<(TenantId, JobId)>> {
    let mut found = Vec::new();
    if !jobs.is_dir() {
        return Ok(found);
    }
    let before = SystemTime::now() - age;
    for tenant in std::fs::read_dir(jobs)? {
        let tenant = tenant?;
        let Ok(tenant_id) = tenant.file_name().to_string_lossy().parse::<TenantId>() else { continue };
        for job in std::fs::read_dir(tenant.path())? {
            let job = job?;
            let Ok(job_id) = job.file_name().to_string_lossy().parse::<JobId>() else { continue };
            if newest(&job.path())? <= before {
                found.push((tenant_id, job_id));
            }
        }
    }
    Ok(found)
}
