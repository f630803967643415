//! `POST /data/ingest/rejected/redrive`: takes rejected rows up again, after the tenant's settings or this service were
//! mended. What still is no row is rejected again, by the new job.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};

use anyhow::Context;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use common::auth::{AppState, TenantContext, audit};
use common::http::{ApiError, Json};
use common::ids::JobId;
use garde::Validate;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::list::{Place, RejectedView, rows};
use crate::ingest::job::{NewJob, Origin, create, read};
use crate::ingest::spool::{JobFolder, sync_folder};
use crate::ingest::start::{QueuedJob, lock_starts};
use crate::source::SourceKind;
use crate::sources::CUT;

/// Rows read at a time.
const BATCH: i64 = 500;

/// Which rows.
#[derive(Debug, Deserialize, Validate, ToSchema)]
pub struct RedriveBody {
    /// The job that rejected them.
    #[garde(skip)]
    #[schema(value_type = String, format = Uuid)]
    pub job_id: JobId,
}

/// What is taken up again.
#[derive(Debug, Serialize, ToSchema)]
pub struct Redriven {
    /// The job that does it; none when no row can be taken up.
    pub job: Option<QueuedJob>,
    /// Rows in it.
    pub rows: i64,
    /// Rows that cannot be taken up from here: too long to have been kept whole, lines of a list, which is to be imported
    /// again, or sums of the Data API, whose day is to be pulled again.
    pub left_out: i64,
}

/// Take the rejected rows of a job up again.
#[utoipa::path(
    post,
    path = "/data/ingest/rejected/redrive",
    tag = "ingestion",
    request_body = RedriveBody,
    responses(
        (status = 202, description = "Queued", body = Redriven),
        (status = 409, description = "The job is still running", content_type = "application/problem+json", body = common::http::Problem),
    )
)]
pub async fn redrive_rejected_rows(
    State(app): State<AppState>,
    context: TenantContext,
    Json(body): Json<RedriveBody>,
) -> Result<Response, ApiError> {
    let tenant = context.tenant_id;
    let mut tx = context.tx(&app.pool).await?;
    // Two at once: the second one finds nothing left.
    lock_starts(tx.conn(), tenant).await?;
    let of = read(tx.conn(), tenant, body.job_id)
        .await?
        .ok_or_else(|| ApiError::NotFound("There is no such job.".into()))?;
    if !of.has_ended() {
        return Err(ApiError::Conflict(
            "The job is still running; its rows can be taken up again when it has ended.".into(),
        ));
    }
    // How many events such a row stands for is not in it.
    let is_sum = of.source == SourceKind::DataApi.as_str();
    let job = JobId::generate();
    let folder = JobFolder::of(&app.settings.data_root, tenant, job);
    let mut spool = Spool::new(folder.clone());
    let mut after = None;
    let mut left_out = 0;
    let mut taken = Vec::new();
    loop {
        let batch = rows(tx.conn(), tenant, Some(body.job_id), false, after, 0, BATCH).await?;
        let Some(last) = batch.last() else { break };
        after = Some(Place { job: last.job_id, no: last.rejected_no });
        for row in &batch {
            if is_sum || row.raw.ends_with(CUT) || !row.raw.trim_start().starts_with('{') {
                left_out += 1;
            } else {
                spool.write(row).map_err(ApiError::Internal)?;
                taken.push(row.rejected_no);
            }
        }
    }
    let rows = i64::try_from(taken.len()).unwrap_or(i64::MAX);
    if taken.is_empty() {
        return Ok((StatusCode::ACCEPTED, Json(Redriven { job: None, rows, left_out })).into_response());
    }
    spool.finish().map_err(ApiError::Internal)?;
    let data_types = vec!["events".to_owned()];
    let new = NewJob {
        tenant,
        job,
        origin: Origin::Redrive,
        source: SourceKind::named(&of.source).ok_or_else(|| anyhow::anyhow!("a job of an unknown source"))?,
        mode: "append",
        data_types: &data_types,
        range: None,
        idempotency_key: None,
        created_by: context.actor.account_id,
        is_scheduled: false,
    };
    let created_at = create(tx.conn(), &new).await.map_err(anyhow::Error::from)?;
    mark(&mut tx, &context, body.job_id, job, &taken).await?;
    let details = json!({ "job_id": job, "rows": rows });
    let target = body.job_id.to_string();
    audit::note(tx.conn(), tenant, &context.actor, "rejected_rows.redriven", Some(&target), details).await?;
    tx.commit().await?;
    let queued =
        QueuedJob { job_id: job, start_date: None, end_date: None, data_types, status: "queued".into(), created_at };
    Ok((StatusCode::ACCEPTED, Json(Redriven { job: Some(queued), rows, left_out })).into_response())
}

async fn mark(
    tx: &mut common::db::TenantTx,
    context: &TenantContext,
    of: JobId,
    job: JobId,
    taken: &[i64],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update rejected_rows set redriven_job_id = $3 where tenant_id = $1 and job_id = $2 and rejected_no = any($4)",
        context.tenant_id.0,
        of.0,
        job.0,
        taken,
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The rows as files of the names they came from: the name tells which of GA4's tables a row was in. Dropped unfinished,
/// the folder is swept, because no job knows it.
struct Spool {
    folder: JobFolder,
    /// Rows come file by file, so one is open at a time.
    open: Option<(String, BufWriter<File>)>,
}

impl Spool {
    fn new(folder: JobFolder) -> Self {
        Self { folder, open: None }
    }

    fn write(&mut self, row: &RejectedView) -> anyhow::Result<()> {
        // A name is a name here, never a path.
        let name: String = row.file.chars().map(|c| if c == '/' || c == '\0' { '_' } else { c }).collect();
        let name = if name.starts_with('.') || name.is_empty() { format!("rows{name}") } else { name };
        if self.open.as_ref().is_none_or(|(open, _)| *open != name) {
            self.close()?;
            let incoming = self.folder.incoming();
            fs::create_dir_all(&incoming).context("cannot make the job's folder under DATA_ROOT")?;
            let file = OpenOptions::new().create(true).append(true).open(incoming.join(&name));
            self.open = Some((name, BufWriter::new(file.context("cannot write under DATA_ROOT")?)));
        }
        if let Some((_, file)) = &mut self.open {
            // One row a line: a row of a pretty-printed array may have come as several.
            let line = row.raw.replace(['\n', '\r'], " ");
            writeln!(file, "{line}").context("cannot write under DATA_ROOT")?;
        }
        Ok(())
    }

    fn close(&mut self) -> anyhow::Result<()> {
        if let Some((_, file)) = self.open.take() {
            let file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
            file.sync_all().context("cannot sync a file under DATA_ROOT")?;
        }
        Ok(())
    }

    fn finish(mut self) -> anyhow::Result<()> {
        self.close()?;
        self.folder.incoming().ancestors().take(4).try_for_each(sync_folder)
    }
}
