//! `GET /data/ingest/jobs` and `…/{job_id}`: what became of a load.

use std::collections::BTreeMap;

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use common::auth::{AppState, TenantContext};
use common::http::{ApiError, Json, Path, Query};
use common::ids::{JobId, TenantId};
use garde::Validate;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use sqlx::types::Json as Sql;
use utoipa::{IntoParams, ToSchema};

/// A load and how far it is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct JobView {
    pub job_id: JobId,
    pub tenant_id: TenantId,
    /// `queued`, `processing`, `completed`, `completed_with_warnings`, `failed`, `cancelled`
    pub status: String,
    /// `folder`, `upload`, `import`, `pull` (from the tenant's source at Google), `redrive` (rows rejected before)
    pub origin: String,
    /// `export_files`, `bigquery`, `data_api`
    pub source: String,
    /// Nobody asked for it: its time had come.
    pub is_scheduled: bool,
    /// Nobody works on it before then: it waits for quota, or for its next try.
    pub waits_until: Option<DateTime<Utc>>,
    /// `replace` or `append`
    pub mode: String,
    pub data_types: Vec<String>,
    pub start_date: Option<NaiveDate>,
    pub end_date: Option<NaiveDate>,
    pub progress: ProgressView,
    /// Rows by table, and `users_processed`, `locations_processed`.
    pub records_processed: BTreeMap<String, i64>,
    /// Malformed rows that were not taken.
    pub rejected: i64,
    pub warnings: Vec<String>,
    pub error_message: Option<String>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub completed_at: Option<DateTime<Utc>>,
}

/// Days, rows and bytes, done of total.
#[derive(Debug, Default, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct ProgressView {
    /// `reading` the source, `landing` the days, `waiting` for quota or for the next try, `done`
    pub phase: Option<String>,
    /// What is waited for.
    pub note: Option<String>,
    pub days_done: u64,
    pub days_total: u64,
    pub rows_read: u64,
    pub bytes_read: u64,
    /// Bytes of the files, or those that the dry runs of the queries estimate.
    pub bytes_total: u64,
    /// Since the job was started last.
    pub rows_per_second: f64,
    pub estimated_end: Option<DateTime<Utc>>,
}

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobsQuery {
    /// Jobs a page.
    #[serde(default = "usual")]
    #[garde(range(min = 1, max = 1000))]
    #[param(minimum = 1, maximum = 1000, default = 50)]
    pub limit: i32,
    /// Jobs before this page.
    #[serde(default)]
    #[garde(range(min = 0, max = 1_000_000_000))]
    #[param(minimum = 0, maximum = 1_000_000_000, default = 0)]
    pub offset: i32,
    /// Only jobs of this status.
    #[garde(custom(known_status))]
    #[param(inline, value_type = Option<KnownStatus>)]
    pub status: Option<String>,
}

const fn usual() -> i32 {
    50
}

/// The statuses, as they are documented: `known_status` reads them.
#[derive(utoipa::ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "documents what `JobsQuery` reads")]
enum KnownStatus {
    Queued,
    Processing,
    Completed,
    CompletedWithWarnings,
    Failed,
    Cancelled,
}

fn known_status(status: &Option<String>, (): &()) -> garde::Result {
    const KNOWN: [&str; 6] = ["queued", "processing", "completed", "completed_with_warnings", "failed", "cancelled"];
    match status {
        Some(status) if !KNOWN.contains(&status.as_str()) => {
            Err(garde::Error::new(format!("`{status}` is none of {}", KNOWN.join(", "))))
        }
        _ => Ok(()),
    }
}

/// Jobs, newest first.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct JobList {
    pub jobs: Vec<JobView>,
    pub total: i64,
    pub limit: i32,
    pub offset: i32,
}

#[derive(Deserialize)]
struct JobsDocument {
    jobs: Vec<JobView>,
    total: i64,
}

/// List ingestion jobs, newest first.
#[utoipa::path(get, path = "/data/ingest/jobs", tag = "ingestion", params(JobsQuery),
    responses((status = 200, description = "The jobs", body = JobList)))]
pub async fn list_ingestion_jobs(
    State(app): State<AppState>,
    context: TenantContext,
    Query(query): Query<JobsQuery>,
) -> Result<Json<JobList>, ApiError> {
    let mut tx = context.tx(&app.pool).await?;
    let document = sqlx::query_scalar!(
        r#"select get_ingestion_jobs($1, $2, $3, $4) as "document!: Sql<JobsDocument>""#,
        context.tenant_id.0,
        query.status,
        query.limit,
        i64::from(query.offset),
    )
    .fetch_one(tx.conn())
    .await?
    .0;
    let JobsDocument { jobs, total } = document;
    Ok(Json(JobList { jobs, total, limit: query.limit, offset: query.offset }))
}

/// One ingestion job.
#[utoipa::path(get, path = "/data/ingest/jobs/{job_id}", tag = "ingestion", params(("job_id" = JobId, Path)),
    responses((status = 200, description = "The job", body = JobView)))]
pub async fn get_ingestion_job(
    State(app): State<AppState>,
    context: TenantContext,
    Path(job_id): Path<JobId>,
) -> Result<Json<JobView>, ApiError> {
    let mut tx = context.tx(&app.pool).await?;
    view(tx.conn(), context.tenant_id, job_id).await.map(Json)
}

/// The job as the API shows it.
///
/// # Errors
/// 404 when the tenant has no such job.
pub async fn view(conn: &mut PgConnection, tenant: TenantId, job: JobId) -> Result<JobView, ApiError> {
    sqlx::query_scalar!(r#"select get_ingestion_job($1, $2) as "job: Sql<JobView>""#, tenant.0, job.0)
        .fetch_one(conn)
        .await?
        .map(|job| job.0)
        .ok_or_else(|| ApiError::NotFound("There is no such job.".into()))
}
