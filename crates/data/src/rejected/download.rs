//! `GET /data/ingest/rejected/download`: all rejected rows as one file of JSON lines.

use std::collections::VecDeque;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use common::auth::{AppState, TenantContext, audit};
use common::db::TenantTx;
use common::http::{ApiError, Query};
use common::ids::{JobId, TenantId};
use futures::stream::try_unfold;
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgPool;
use utoipa::IntoParams;

use super::list::{Place, RejectedView, rows};

/// Rows read at a time: at most 32 MiB of text.
const BATCH: i64 = 500;

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DownloadQuery {
    /// Only rows of this job.
    #[garde(skip)]
    #[param(value_type = Option<String>, format = Uuid)]
    pub job_id: Option<JobId>,
    /// Also rows that another job took up again.
    #[serde(default)]
    #[garde(skip)]
    pub include_redriven: bool,
}

/// Download rejected rows, one JSON object a line.
#[utoipa::path(get, path = "/data/ingest/rejected/download", tag = "ingestion", params(DownloadQuery),
    responses((status = 200, description = "A file of rows", content_type = "application/x-ndjson", body = RejectedView)))]
pub async fn download_rejected_rows(
    State(app): State<AppState>,
    context: TenantContext,
    Query(query): Query<DownloadQuery>,
) -> Result<Response, ApiError> {
    // Rows that were not taken hold what people did: that they left the house is noted before the first of them does.
    let mut tx = context.tx(&app.pool).await?;
    let target = query.job_id.map(|job| job.to_string());
    let details = json!({ "include_redriven": query.include_redriven });
    let action = "rejected_rows.downloaded";
    audit::note(tx.conn(), context.tenant_id, &context.actor, action, target.as_deref(), details).await?;
    tx.commit().await?;
    let walk =
        Walk { pool: app.pool, tenant: context.tenant_id, query, after: None, over: false, ready: VecDeque::new() };
    let body = Body::from_stream(try_unfold(walk, next));
    let headers =
        [(CONTENT_TYPE, "application/x-ndjson"), (CONTENT_DISPOSITION, "attachment; filename=\"rejected.ndjson\"")];
    Ok((headers, body).into_response())
}

struct Walk {
    pool: PgPool,
    tenant: TenantId,
    query: DownloadQuery,
    after: Option<Place>,
    over: bool,
    ready: VecDeque<RejectedView>,
}

async fn next(mut walk: Walk) -> anyhow::Result<Option<(Bytes, Walk)>> {
    if walk.ready.is_empty() && !walk.over {
        // A transaction a batch: a slow download holds no connection.
        let mut tx = TenantTx::begin(&walk.pool, walk.tenant).await?;
        let DownloadQuery { job_id, include_redriven } = walk.query;
        let batch = rows(tx.conn(), walk.tenant, job_id, include_redriven, walk.after, 0, BATCH).await?;
        walk.over = batch.len() < BATCH as usize;
        walk.after = batch.last().map(|row| Place { job: row.job_id, no: row.rejected_no });
        walk.ready = batch.into();
    }
    let Some(row) = walk.ready.pop_front() else { return Ok(None) };
    let mut line = serde_json::to_vec(&row)?;
    line.push(b'\n');
    Ok(Some((line.into(), walk)))
}
