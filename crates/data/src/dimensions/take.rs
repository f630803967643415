//! Taking a list in: read, checked and staged side by side, then compared and applied in one transaction, or not at all.

use std::path::Path;
use std::sync::Arc;

use common::auth::{Actor, audit};
use common::db::TenantTx;
use common::ids::TenantId;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgPool;
use tokio::sync::mpsc;
use utoipa::ToSchema;

use super::check::ListRow;
use super::columns::Columns;
use super::compare::{Comparison, ListMode, apply};
use super::list::ListKind;
use super::read::{ListFormat, RejectedLine, Sink, read_list};
use super::stage::{BATCH, Staging};
use crate::sources::export_files::FileError;

/// Rejected lines that are named; further ones are counted.
pub const NAMED_LINES: usize = 1000;
/// Batches that wait between the thread that reads and the database.
const BATCHES_AHEAD: usize = 4;
/// Bytes of a rejected line that are kept.
const LONGEST_RAW: usize = 4096;

/// Why a whole list is taken without its bad lines by nobody.
pub(super) const REPLACE_AND_SKIP: &str =
    "lines cannot be skipped in mode replace: whoever stands in them would be taken for missing and deactivated";

/// What happens when lines are not good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnError {
    /// Nothing is written.
    #[default]
    Fail,
    /// The other lines are taken.
    Skip,
}

/// How a list is taken in.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListOptions {
    pub mode: ListMode,
    pub on_error: OnError,
    /// Compare and write nothing.
    pub dry_run: bool,
}

/// What became of a list, or would have.
#[derive(Debug, Default)]
pub struct ListOutcome {
    /// Lines that have a value.
    pub rows: u64,
    pub comparison: Comparison,
    /// Columns that mean nothing here.
    pub ignored_columns: Vec<String>,
    pub rejected: Rejected,
}

/// Lines that were not taken.
#[derive(Debug, Default)]
pub struct Rejected {
    /// All of them.
    pub lines: u64,
    /// All that is wrong with them.
    pub errors: u64,
    /// The first 1,000.
    pub named: Vec<RejectedLine>,
}

/// Why a list is not taken. Nothing of it is written then.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// It is no such list; the text says why.
    #[error("{0}")]
    Refused(String),
    /// Some of its lines are not good, and they are not to be skipped.
    #[error("{} lines are not good", .0.lines)]
    Lines(Rejected),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The machine is at fault.
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<FileError> for TakeError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Refused(reason) => Self::Refused(reason),
            FileError::Stopped => Self::Other(anyhow::anyhow!("the reading of a list was stopped")),
            FileError::Io(error) => Self::Other(error),
        }
    }
}

/// Takes a list in: a file (CSV or XLSX, told by its content), or the rows of a table that [`super::TableRows`] wrote.
///
/// Dropped before it is done it leaves nothing behind. Memory: a few thousand rows, whatever the size of the list, and for
/// a workbook the texts that its cells share.
///
/// # Errors
/// [`TakeError`]; nothing is written then.
pub async fn take_list(
    pool: &PgPool,
    tenant: TenantId,
    kind: ListKind,
    path: &Path,
    format: ListFormat,
    options: ListOptions,
) -> Result<ListOutcome, TakeError> {
    take_list_by(pool, tenant, kind, path, format, options, None).await
}

/// The same; `by` is who gave the list, for the audit log, and none where the job that fetched it is in there.
///
/// # Errors
/// As [`take_list`].
pub(super) async fn take_list_by(
    pool: &PgPool,
    tenant: TenantId,
    kind: ListKind,
    path: &Path,
    format: ListFormat,
    options: ListOptions,
    by: Option<&Actor>,
) -> Result<ListOutcome, TakeError> {
    if options.mode == ListMode::Replace && options.on_error == OnError::Skip {
        return Err(TakeError::Refused(REPLACE_AND_SKIP.to_owned()));
    }
    let (send, mut batches) = mpsc::channel::<Vec<ListRow>>(BATCHES_AHEAD);
    let file = path.to_owned();
    // Ends by itself when this future is dropped: it has nobody to send to any more.
    let reading = tokio::task::spawn_blocking(move || {
        let mut sender = Sender { send, batch: Vec::new(), given: Vec::new(), outcome: ListOutcome::default() };
        read_list(&file, format, kind, Arc::default(), &mut sender)?;
        sender.flush()?;
        Ok::<_, FileError>((sender.given, sender.outcome))
    });

    let mut tx = TenantTx::begin(pool, tenant).await?;
    // A list may be long; the services' statement timeout is for requests.
    sqlx::query("set local statement_timeout = 0").execute(tx.conn()).await?;
    let mut staging = Staging::begin(tx.conn(), kind).await?;
    while let Some(batch) = batches.recv().await {
        for row in batch {
            staging.add(tx.conn(), row).await?;
        }
    }
    let (given, mut outcome) = reading.await.map_err(|e| anyhow::anyhow!("the reading of a list broke off: {e}"))??;
    if outcome.rows == 0 {
        return Err(TakeError::Refused("there are no lines in it".into()));
    }
    if outcome.rejected.lines > 0 && options.on_error == OnError::Fail {
        return Err(TakeError::Lines(outcome.rejected));
    }
    outcome.comparison = staging.compare(tx.conn(), tenant, &given, options.mode).await?;
    if !options.dry_run {
        apply(tx.conn(), tenant, kind).await?;
        if let Some(actor) = by {
            note(&mut tx, tenant, kind, actor, options, &outcome).await?;
        }
        tx.commit().await?;
    }
    Ok(outcome)
}

async fn note(
    tx: &mut TenantTx,
    tenant: TenantId,
    kind: ListKind,
    actor: &Actor,
    options: ListOptions,
    outcome: &ListOutcome,
) -> Result<(), sqlx::Error> {
    let Comparison { added, changed, deactivated, .. } = &outcome.comparison;
    let details = json!({
        "mode": options.mode, "rows": outcome.rows, "added": added, "changed": changed, "deactivated": deactivated,
        "skipped": outcome.rejected.lines,
    });
    audit::note(tx.conn(), tenant, actor, &format!("{}.imported", kind.what()), None, details).await
}

/// Sends rows on in batches; what is wrong is kept.
struct Sender {
    send: mpsc::Sender<Vec<ListRow>>,
    batch: Vec<ListRow>,
    given: Vec<String>,
    outcome: ListOutcome,
}

impl Sender {
    fn flush(&mut self) -> Result<(), FileError> {
        if self.batch.is_empty() {
            return Ok(());
        }
        self.send.blocking_send(std::mem::take(&mut self.batch)).map_err(|_| FileError::Stopped)
    }
}

impl Sink for Sender {
    fn columns(&mut self, columns: &Columns) -> Result<(), FileError> {
        self.given = columns.given.iter().map(ToString::to_string).collect();
        self.outcome.ignored_columns.clone_from(&columns.ignored);
        Ok(())
    }

    fn line(&mut self, line: Result<ListRow, RejectedLine>) -> Result<(), FileError> {
        self.outcome.rows += 1;
        match line {
            Ok(row) => self.batch.push(row),
            Err(line) => self.outcome.rejected.push(line),
        }
        if self.batch.len() >= BATCH {
            self.flush()?;
        } else if self.outcome.rows.is_multiple_of(1024) && self.send.is_closed() {
            return Err(FileError::Stopped);
        }
        Ok(())
    }
}

impl Rejected {
    fn push(&mut self, mut line: RejectedLine) {
        self.lines += 1;
        self.errors += line.errors.len() as u64;
        if self.named.len() < NAMED_LINES {
            line.raw.truncate(line.raw.floor_char_boundary(LONGEST_RAW));
            self.named.push(line);
        }
    }
}
