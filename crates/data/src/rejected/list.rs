//! `GET /data/ingest/rejected`: malformed rows with file, line, reason and text, the newest job's first.

use axum::extract::State;
use chrono::{DateTime, Utc};
use common::auth::{AppState, TenantContext};
use common::http::{ApiError, Json, Page, PageQuery, Query};
use common::ids::{JobId, TenantId};
use garde::Validate;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::{IntoParams, ToSchema};

/// A row that was not taken.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct RejectedView {
    pub job_id: JobId,
    /// Counts the rejected rows of the job, from 1.
    pub rejected_no: i64,
    /// The file, or GA4's table.
    pub file: String,
    /// Line of the file; of a Parquet file or a table, the row's number.
    pub line: i64,
    pub reason: String,
    /// The row as it came; a very long one is cut, visibly.
    pub raw: String,
    pub created_at: DateTime<Utc>,
    /// The job that took it up again.
    pub redriven_job_id: Option<JobId>,
}

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RejectedQuery {
    /// Only rows of this job.
    #[garde(skip)]
    #[param(value_type = Option<String>, format = Uuid)]
    pub job_id: Option<JobId>,
    /// Also rows that another job took up again.
    #[serde(default)]
    #[garde(skip)]
    pub include_redriven: bool,
    #[serde(flatten)]
    #[garde(dive)]
    #[param(ignore)]
    pub page: PageQuery,
}

/// Where a walk through the rows stands.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    pub job: JobId,
    pub no: i64,
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let (job, no) = text.split_once('.')?;
        Some(Self { job: job.parse().ok()?, no: no.parse().ok()? })
    }
}

/// List rejected rows.
#[utoipa::path(get, path = "/data/ingest/rejected", tag = "ingestion", params(RejectedQuery, PageQuery),
    responses((status = 200, description = "The rows", body = Page<RejectedView>)))]
pub async fn list_rejected_rows(
    State(app): State<AppState>,
    context: TenantContext,
    Query(query): Query<RejectedQuery>,
) -> Result<Json<Page<RejectedView>>, ApiError> {
    let RejectedQuery { job_id, include_redriven, page } = query;
    let after = match page.cursor.as_deref() {
        None => None,
        Some(text) => Some(Place::parse(text).ok_or_else(|| ApiError::invalid("cursor", "is none of this list"))?),
    };
    let mut tx = context.tx(&app.pool).await?;
    let tenant = context.tenant_id;
    let total = sqlx::query_scalar!(
        r#"select count(*) as "total!" from rejected_rows
           where tenant_id = $1 and ($2::uuid is null or job_id = $2) and ($3 or redriven_job_id is null)"#,
        tenant.0,
        job_id.map(|job| job.0),
        include_redriven,
    )
    .fetch_one(tx.conn())
    .await?;
    let offset = if after.is_some() { 0 } else { page.offset() };
    let wanted = i64::from(page.limit) + 1;
    let mut data = rows(tx.conn(), tenant, job_id, include_redriven, after, offset, wanted).await?;
    let has_more = data.len() > page.limit as usize;
    data.truncate(page.limit as usize);
    let next_cursor = data.last().filter(|_| has_more).map(|last| format!("{}.{}", last.job_id, last.rejected_no));
    Ok(Json(Page { data, total, page: page.page, limit: page.limit, has_more, next_cursor }))
}

/// Rows in the list's order: newest job first, its rows in the order in which they stood.
///
/// # Errors
/// The database is away.
pub async fn rows(
    conn: &mut PgConnection,
    tenant: TenantId,
    job: Option<JobId>,
    include_redriven: bool,
    after: Option<Place>,
    offset: i64,
    limit: i64,
) -> Result<Vec<RejectedView>, sqlx::Error> {
    sqlx::query_as!(
        RejectedView,
        r#"select job_id as "job_id: JobId", rejected_no, file, line, reason, raw, created_at,
               redriven_job_id as "redriven_job_id: JobId"
           from rejected_rows
           where tenant_id = $1 and ($2::uuid is null or job_id = $2) and ($3 or redriven_job_id is null)
               and ($4::uuid is null or job_id < $4 or (job_id = $4 and rejected_no > $5))
           order by job_id desc, rejected_no
           limit $6 offset $7"#,
        tenant.0,
        job.map(|job| job.0),
        include_redriven,
        after.map(|place| place.job.0),
        after.map(|place| place.no),
        limit,
        offset,
    )
    .fetch_all(conn)
    .await
}
