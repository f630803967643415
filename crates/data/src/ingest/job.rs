//! A job's row and its place in the queue: made in one transaction, so that neither exists without the other.

use chrono::{DateTime, NaiveDate, Utc};
use common::ids::{AccountId, JobId, TenantId};
use common::jobs::{self, Job, JobsError};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::source::SourceKind;

/// The queue's name for ingestion.
pub const INGEST_TASK: &str = "ingest";

/// What is queued: which job, and nothing of the tenant's.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct IngestTask {
    pub tenant_id: TenantId,
    pub job_id: JobId,
}

impl IngestTask {
    /// Names the job's one place in the queue.
    pub fn key(&self) -> String {
        format!("ingest:{}", self.job_id)
    }
}

impl Job for IngestTask {
    const NAME: &'static str = INGEST_TASK;
}

/// Where a job's files are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The tenant's folder.
    Folder,
    /// A body that was uploaded.
    Upload,
    /// Files given to the import command.
    Import,
    /// The tenant's source at Google.
    Pull,
    /// Rows that an earlier job rejected.
    Redrive,
}

impl Origin {
    fn as_str(self) -> &'static str {
        match self {
            Self::Folder => "folder",
            Self::Upload => "upload",
            Self::Import => "import",
            Self::Pull => "pull",
            Self::Redrive => "redrive",
        }
    }
}

/// A job to be made.
#[derive(Debug)]
pub struct NewJob<'a> {
    pub tenant: TenantId,
    pub job: JobId,
    pub origin: Origin,
    /// What the rows come from: `export_files`, `bigquery`, `data_api`.
    pub source: SourceKind,
    /// Made by the schedule, not by a person.
    pub is_scheduled: bool,
    /// `replace` or `append`
    pub mode: &'a str,
    pub data_types: &'a [String],
    pub range: Option<(NaiveDate, NaiveDate)>,
    pub idempotency_key: Option<&'a str>,
    pub created_by: Option<AccountId>,
}

/// Inserts the job and queues it, in the caller's transaction. Answers when it was created.
///
/// # Errors
/// The database is away, or the idempotency key is taken.
pub async fn create(conn: &mut PgConnection, new: &NewJob<'_>) -> Result<DateTime<Utc>, JobsError> {
    let created_at = sqlx::query_scalar!(
        "insert into ingestion_jobs (tenant_id, job_id, origin, source, mode, data_types, start_date, end_date,
             idempotency_key, created_by, is_scheduled)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         returning created_at",
        new.tenant.0,
        new.job.0,
        new.origin.as_str(),
        new.source.as_str(),
        new.mode,
        new.data_types,
        new.range.map(|(from, _)| from),
        new.range.map(|(_, to)| to),
        new.idempotency_key,
        new.created_by.map(|a| a.0),
        new.is_scheduled,
    )
    .fetch_one(&mut *conn)
    .await?;
    let task = IngestTask { tenant_id: new.tenant, job_id: new.job };
    let payload = serde_json::to_value(task).map_err(|e| JobsError::Queue(e.to_string()))?;
    jobs::enqueue(conn, INGEST_TASK, payload, Some(&task.key()), None).await?;
    Ok(created_at)
}

/// A job as the worker needs it.
#[derive(Debug)]
pub struct JobRow {
    pub origin: String,
    pub source: String,
    pub mode: String,
    pub data_types: Vec<String>,
    pub start_date: Option<NaiveDate>,
    pub end_date: Option<NaiveDate>,
    pub status: String,
    pub cancel_requested: bool,
    pub is_scheduled: bool,
    /// Counts also what was begun after a crash or a wait.
    pub attempts: i32,
    pub completed_at: Option<DateTime<Utc>>,
}

impl JobRow {
    pub fn range(&self) -> Option<(NaiveDate, NaiveDate)> {
        self.start_date.zip(self.end_date)
    }

    pub fn wants(&self, data_type: &str) -> bool {
        self.data_types.iter().any(|t| t == data_type)
    }

    pub fn has_ended(&self) -> bool {
        !matches!(self.status.as_str(), "queued" | "processing")
    }

    pub fn can_be_retried(&self) -> bool {
        matches!(self.status.as_str(), "failed" | "cancelled")
    }

    /// Its files came with it, and are in its folder.
    pub fn brought_files(&self) -> bool {
        matches!(self.origin.as_str(), "upload" | "import" | "redrive")
    }
}

/// Reads the job.
///
/// # Errors
/// The database is away.
pub async fn read(conn: &mut PgConnection, tenant: TenantId, job: JobId) -> Result<Option<JobRow>, sqlx::Error> {
    sqlx::query_as!(
        JobRow,
        "select origin, source, mode, data_types, start_date, end_date, status, cancel_requested, is_scheduled, attempts,
             completed_at
         from ingestion_jobs where tenant_id = $1 and job_id = $2",
        tenant.0,
        job.0,
    )
    .fetch_optional(conn)
    .await
}
