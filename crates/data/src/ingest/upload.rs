//! `POST /data/ingest/upload`: export rows as the body. Answered once the whole body is safe on disk and its job is
//! committed: a kill right after the 202 loses nothing.

use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use common::auth::{AppState, TenantContext, audit};
use common::http::{ApiError, Json, Query};
use common::ids::{JobId, TenantId};
use futures::StreamExt;
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use utoipa::{IntoParams, ToSchema};

use super::job::{NewJob, Origin, create};
use super::spool::{JobFolder, sync_folder};
use super::start::{QueuedJob, idempotency_key, known_job, lock_starts};
use crate::source::SourceKind;

/// How the rows meet what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema, Default)]
#[serde(rename_all = "lowercase")]
pub enum UploadMode {
    /// Each day in the body replaces that day.
    #[default]
    Replace,
    /// Nothing is deleted; rows that are there already stay one. For parts of one sharded export.
    Append,
}

impl UploadMode {
    fn as_str(self) -> &'static str {
        match self {
            Self::Replace => "replace",
            Self::Append => "append",
        }
    }
}

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UploadQuery {
    /// `replace` (default) or `append`.
    #[serde(default)]
    #[garde(skip)]
    #[param(inline)]
    pub mode: UploadMode,
}

/// Upload GA4 export rows: NDJSON, the console's JSON array or Parquet, plain, gzip or zstd.
#[utoipa::path(
    post,
    path = "/data/ingest/upload",
    tag = "ingestion",
    params(UploadQuery, ("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[ -~]+$", description = "Sent again, it answers the job it made the first time")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream", description = "The file as it is; its kind is told by its content"),
    responses(
        (status = 202, description = "The whole body is on disk and its job is queued", body = QueuedJob),
        (status = 413, description = "Larger than the tenant's quota", content_type = "application/problem+json", body = common::http::Problem),
    )
)]
pub async fn upload_export(
    State(app): State<AppState>,
    context: TenantContext,
    Query(query): Query<UploadQuery>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let key = idempotency_key(&headers)?;
    let mut tx = context.tx(&app.pool).await?;
    if let Some(key) = &key
        && let Some(known) = known_job(tx.conn(), &context, key, true).await?
    {
        return Ok((StatusCode::ACCEPTED, Json(known)).into_response());
    }
    let quota = quota(tx.conn(), context.tenant_id).await?;
    // No connection is held while a body of minutes streams in.
    tx.commit().await?;

    let job = JobId::generate();
    let folder = JobFolder::of(&app.settings.data_root, context.tenant_id, job);
    let spooled = spool(&folder, body, quota).await;
    let queued = match spooled {
        // Failing here, the job may have been committed and the answer lost: the folder stays, and is swept if it was not.
        Ok(_) => queue(&app, &context, job, query.mode, key.as_deref()).await?,
        Err(error) => {
            discard(&folder);
            return Err(error);
        }
    };
    if queued.job_id != job {
        discard(&folder);
    }
    Ok((StatusCode::ACCEPTED, Json(queued)).into_response())
}

/// Removes the folder of a body that no job is about.
fn discard(folder: &JobFolder) {
    if let Err(error) = folder.remove() {
        tracing::warn!(error = format!("{error:#}"), "an upload that was not taken could not be removed");
    }
}

/// Bytes that one body of the tenant may have.
///
/// # Errors
/// The database is away.
pub(crate) async fn quota(conn: &mut PgConnection, tenant: TenantId) -> Result<u64, sqlx::Error> {
    let quota = sqlx::query_scalar!("select upload_quota_bytes from tenants where tenant_id = $1", tenant.0)
        .fetch_one(conn)
        .await?;
    Ok(u64::try_from(quota).unwrap_or_default())
}

/// Writes the body to the job's folder and makes it durable; answers where it is. Memory: one chunk.
///
/// # Errors
/// 413 above the quota, 400 for a body that broke off, 422 for an empty one.
pub(crate) async fn spool(folder: &JobFolder, body: Body, quota: u64) -> Result<PathBuf, ApiError> {
    let incoming = folder.incoming();
    let failed = |error: std::io::Error| {
        ApiError::Internal(anyhow::Error::new(error).context("cannot write an upload under DATA_ROOT"))
    };
    fs::create_dir_all(&incoming).await.map_err(failed)?;
    let path = incoming.join("upload");
    let mut file = File::create(&path).await.map_err(failed)?;
    let mut chunks = body.into_data_stream();
    let mut size = 0u64;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ApiError::Malformed("The body ended before it was whole.".into()))?;
        size += chunk.len() as u64;
        if size > quota {
            return Err(ApiError::TooLarge);
        }
        file.write_all(&chunk).await.map_err(failed)?;
    }
    if size == 0 {
        return Err(ApiError::invalid("body", "is empty: send the file as the body"));
    }
    file.flush().await.map_err(failed)?;
    file.sync_all().await.map_err(failed)?;
    sync_parents(&incoming).map_err(ApiError::Internal)?;
    Ok(path)
}

/// A file is only as durable as the folders that name it.
fn sync_parents(incoming: &Path) -> anyhow::Result<()> {
    for folder in incoming.ancestors().take(4) {
        sync_folder(folder)?;
    }
    Ok(())
}

async fn queue(
    app: &AppState,
    context: &TenantContext,
    job: JobId,
    mode: UploadMode,
    key: Option<&str>,
) -> Result<QueuedJob, ApiError> {
    let data_types = vec!["events".to_owned()];
    let tenant: TenantId = context.tenant_id;
    let mut tx = context.tx(&app.pool).await?;
    if let Some(key) = key {
        // Two bodies with one key may have streamed in side by side: the second finds the first one's job.
        lock_starts(tx.conn(), tenant).await?;
        if let Some(known) = known_job(tx.conn(), context, key, true).await? {
            return Ok(known);
        }
    }
    let new = NewJob {
        tenant,
        job,
        origin: Origin::Upload,
        source: SourceKind::ExportFiles,
        is_scheduled: false,
        mode: mode.as_str(),
        data_types: &data_types,
        range: None,
        idempotency_key: key,
        created_by: context.actor.account_id,
    };
    let created_at = create(tx.conn(), &new).await?;
    let details = json!({ "mode": mode.as_str() });
    let target = job.to_string();
    audit::note(tx.conn(), tenant, &context.actor, "ingestion.uploaded", Some(&target), details).await?;
    tx.commit().await?;
    Ok(QueuedJob { job_id: job, start_date: None, end_date: None, data_types, status: "queued".into(), created_at })
}
