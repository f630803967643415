//! `data-service import`: takes files in through the same job as an upload, and waits for its end. The exit code and the
//! last line tell the outcome.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use common::config::Settings;
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::ingest::submit::submit;
use crate::ingest::view::{JobView, view};
use crate::serve::{ingestion, open, worker};

const LOOK_AGAIN: Duration = Duration::from_millis(200);

pub async fn import(
    settings: &Settings,
    tenant: TenantId,
    append: bool,
    files: &[PathBuf],
) -> anyhow::Result<ExitCode> {
    let pool = open(settings, "data-import").await?;
    let work = ingestion(settings, &pool)?;
    let mode = if append { "append" } else { "replace" };
    let job = submit(&pool, &settings.data_root, tenant, mode, files).await?;
    // A data service that is running may take the job; without one this process does it.
    let stop = CancellationToken::new();
    let working = tokio::spawn(worker(work, settings.worker_dead_after, stop.clone()));
    let ended = wait(&pool, tenant, job).await;
    stop.cancel();
    working.await?;
    Ok(tell(&ended?))
}

/// Looks at the job until it has ended; tells how far it is now and then.
pub async fn wait(pool: &PgPool, tenant: TenantId, job: JobId) -> anyhow::Result<JobView> {
    let mut told = String::new();
    loop {
        let mut tx = TenantTx::begin(pool, tenant).await?;
        let view = view(tx.conn(), tenant, job).await?;
        drop(tx);
        if view.completed_at.is_some() {
            return Ok(view);
        }
        let progress = &view.progress;
        let line = match progress.days_total {
            0 => format!("{} rows read", progress.rows_read),
            total => format!("{} rows read, {} of {total} days", progress.rows_read, progress.days_done),
        };
        if progress.rows_read > 0 && line != told {
            eprintln!("{line}");
            told = line;
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// Says how the job ended.
pub fn tell(view: &JobView) -> ExitCode {
    for warning in &view.warnings {
        eprintln!("warning: {warning}");
    }
    let records: Vec<String> =
        view.records_processed.iter().filter(|(_, n)| **n > 0).map(|(name, n)| format!("{n} {name}")).collect();
    let records = if records.is_empty() { "nothing to land".to_owned() } else { records.join(", ") };
    match view.status.as_str() {
        "completed" | "completed_with_warnings" => {
            println!("{}: {records}, {} rejected (job {})", view.status, view.rejected, view.job_id);
            ExitCode::SUCCESS
        }
        status => {
            let reason = view.error_message.as_deref().unwrap_or("no reason was recorded");
            println!("{status}: {reason} (job {})", view.job_id);
            ExitCode::FAILURE
        }
    }
}
