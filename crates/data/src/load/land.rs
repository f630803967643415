//! Landing one day: staging, the six tables, visits and roll-ups, and the job's note of it, in one transaction.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::NaiveDate;
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::types::Json;

use super::staging::copy_staged;
use crate::sources::{Found, TableStamp, Warning};

/// What is to land, and how.
pub struct Landing {
    pub tenant: TenantId,
    pub job: JobId,
    pub day: NaiveDate,
    /// Records of the day (`encode_event`).
    pub day_file: PathBuf,
    /// How many it must hold.
    pub records: u64,
    /// `export_files`, `bigquery` or `data_api`
    pub source: String,
    /// `daily`, `fresh` or `intraday`
    pub shard: &'static str,
    /// `replace` or `append`
    pub mode: String,
    /// The table of GA4's that the rows are from.
    pub table: Option<TableStamp>,
    /// GA4 will not change the day any more.
    pub is_final: bool,
    /// What the job tells of the day in the end.
    pub found: Found,
}

/// What became of the day.
#[derive(Debug, Deserialize)]
pub struct DayOutcome {
    /// `landed`, or `skipped` because a fuller shard holds the day.
    pub outcome: String,
    #[serde(default)]
    pub held_by: Option<String>,
    /// Events staged, by table.
    pub events: BTreeMap<String, i64>,
}

/// Why a day did not land.
#[derive(Debug, thiserror::Error)]
pub enum LandError {
    /// A source of higher rank holds the day; the text names both.
    #[error("{0}")]
    Held(String),
    /// The spooled day is not what was parsed: a power cut may have taken a part of it.
    #[error("the spooled day {day} has {copied} records instead of {expected}")]
    Damaged { day: NaiveDate, copied: u64, expected: u64 },
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<sqlx::Error> for LandError {
    fn from(error: sqlx::Error) -> Self {
        match error.as_database_error() {
            Some(db) if db.code().as_deref() == Some("GA409") => Self::Held(db.message().to_owned()),
            _ => Self::Other(error.into()),
        }
    }
}

/// Lands one day, or rolls it back whole where `stop` says so before its commit. To be run to its end: dropped in the
/// middle of a COPY it would leave a connection in the pool that the next statement fails on.
///
/// # Errors
/// [`LandError::Held`] for good; anything else may pass (a lost connection, a full disk).
pub async fn land_day(pool: &PgPool, landing: &Landing, stop: &AtomicBool) -> Result<DayOutcome, LandError> {
    // A partition is made in a transaction of its own: its lock is not held while a day loads.
    let mut tx = TenantTx::begin(pool, landing.tenant).await?;
    sqlx::query!("select ensure_event_partitions($1)", landing.day).execute(tx.conn()).await?;
    tx.commit().await?;

    let mut tx = TenantTx::begin(pool, landing.tenant).await?;
    // A day may be large; the services' statement timeout is for requests.
    sqlx::query("set local statement_timeout = 0").execute(tx.conn()).await?;
    let copied = copy_staged(tx.conn(), &landing.day_file, stop).await?;
    if copied != landing.records {
        return Err(LandError::Damaged { day: landing.day, copied, expected: landing.records });
    }
    let outcome = sqlx::query_scalar!(
        r#"select load_staged_day($1, $2, $3, $4, $5, $6) as "outcome!: Json<DayOutcome>""#,
        landing.tenant.0,
        landing.day,
        landing.source,
        landing.shard,
        landing.mode,
        landing.job.0,
    )
    .fetch_one(tx.conn())
    .await?
    .0;
    let mut found = landing.found.clone();
    found.warnings.extend(
        outcome
            .held_by
            .as_ref()
            .map(|held| format!("left as it is; the {} table was given and the {held} one is there", landing.shard))
            .map(Warning::new),
    );
    sqlx::query!(
        "insert into ingestion_job_days (tenant_id, job_id, day, events, outcome, found) values ($1, $2, $3, $4, $5, $6)",
        landing.tenant.0,
        landing.job.0,
        landing.day,
        serde_json::to_value(&outcome.events).map_err(anyhow::Error::from)?,
        outcome.outcome,
        serde_json::to_value(&found).map_err(anyhow::Error::from)?,
    )
    .execute(tx.conn())
    .await?;
    if outcome.outcome == "landed" {
        sqlx::query!(
            "update ingested_days set table_name = $3, table_modified = $4, final = $5
             where tenant_id = $1 and day = $2 and not ($6 and source = 'bigquery')",
            landing.tenant.0,
            landing.day,
            landing.table.as_ref().map(|t| t.name.as_str()),
            landing.table.as_ref().map(|t| t.modified),
            landing.is_final,
            // Rows of the table that were mended: it is still that table that holds the day.
            landing.mode == "append",
        )
        .execute(tx.conn())
        .await?;
    }
    // The job may have been cancelled, also by somebody who took this worker for dead: then the day is rolled back. The lock
    // keeps a cancellation waiting until this commit is through.
    let going = sqlx::query_scalar!(
        r#"select not cancel_requested as "going!" from ingestion_jobs
           where tenant_id = $1 and job_id = $2 and status = 'processing' for share"#,
        landing.tenant.0,
        landing.job.0,
    )
    .fetch_optional(tx.conn())
    .await?;
    if going != Some(true) || stop.load(Ordering::Relaxed) {
        return Err(LandError::Other(anyhow::anyhow!("stopped")));
    }
    tx.commit().await?;
    Ok(outcome)
}
