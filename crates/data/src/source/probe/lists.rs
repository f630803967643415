//! What the place holds that a list of users or locations is fetched from: which files fit, or the table, and which of its
//! columns mean something here.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use chrono::{DateTime, Utc};
use common::ids::JobId;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Probe, Steps};
use crate::dimensions::list_source::{ListSource, SftpSource, TableSource};
use crate::dimensions::sftp::{self, FittingFile, Limits, Looked, SftpError};
use crate::dimensions::{Columns, ListFormat, ListKind, ListRow, RejectedLine, Sink, is_workbook, read_list};
use crate::ingest::list_sources::{place_and_price, whole_table};
use crate::ingest::spool::JobFolder;
use crate::source::credentials::credentials;
use crate::source::grants::Grant;
use crate::source::{ListOf, StoredList};
use crate::sources::export_files::FileError;

/// Files that are listed; more are counted.
const LISTED: usize = 20;
/// For the connection to an SFTP server, and again for signing in.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// The longest silence of one after that.
const SILENT_FOR: Duration = Duration::from_secs(8);
/// What is read of a file to see its columns.
const LOOKED_AT: u64 = 4 << 20;

/// What a list would be taken from.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct ListFindings {
    /// Files that the pattern fits, those that are not listed included; 0 for a table.
    pub files_total: usize,
    /// The newest 20. The first one is taken.
    pub files: Vec<ListFileView>,
    /// Rows of the table; null for a file.
    pub rows: Option<u64>,
    /// Fields that its columns hold, by our names.
    #[schema(example = json!(["user_id", "email"]))]
    pub fields: Vec<&'static str>,
    /// Columns that mean nothing here, as they are named there.
    pub ignored_columns: Vec<String>,
}

/// A file on the server.
#[derive(Debug, Serialize, ToSchema)]
pub struct ListFileView {
    pub name: String,
    /// Null where the server does not say.
    pub bytes: Option<u64>,
    pub changed_at: Option<DateTime<Utc>>,
}

pub(super) async fn look(probe: &Probe<'_>, of: ListOf, list: &StoredList, steps: &mut Steps) -> Option<ListFindings> {
    match &list.source {
        ListSource::Sftp(server) => look_at_folder(probe, of, list, server, steps).await,
        ListSource::Bigquery(table) => look_at_table(probe, of, table, steps).await,
    }
}

async fn look_at_table(probe: &Probe<'_>, of: ListOf, table: &TableSource, steps: &mut Steps) -> Option<ListFindings> {
    let step = of.field();
    let TableSource { project, dataset, table: name } = table;
    let needed = Grant::bigquery(project, dataset);
    let found = credentials(&probe.settings.google, probe.sealer, probe.source, &needed);
    let key = steps.tried(step, found)?;
    let (location, most) = place_and_price(&probe.source.config);
    let client = probe.google.bigquery(key, project, location);
    let Some(info) = steps.tried(step, client.table(project, dataset, name).await)? else {
        steps.failed(step, format!("There is no table {project}.{dataset}.{name}."));
        return None;
    };
    let names: Vec<String> = info.schema.iter().map(|field| field.name.clone()).collect();
    let columns = Columns::of(of.kind(), &names).map_err(|fault| format!("The table {name} is no such list: {fault}."));
    let columns = steps.tried(step, columns)?;
    // With the limit Google would refuse, and not say how much it would be.
    let bytes = steps.tried(step, client.dry_run(&whole_table(table, &names, None)).await)?;
    if bytes > most {
        steps.failed(step, format!("Reading {name} would read {bytes} bytes; at most {most} may be billed."));
        return None;
    }
    let what = format!("The table {project}.{dataset}.{name} has {} rows", info.rows);
    tell(step, &what, &columns, steps);
    Some(ListFindings {
        rows: Some(info.rows),
        fields: columns.given,
        ignored_columns: columns.ignored,
        ..ListFindings::default()
    })
}

async fn look_at_folder(
    probe: &Probe<'_>,
    of: ListOf,
    list: &StoredList,
    server: &SftpSource,
    steps: &mut Steps,
) -> Option<ListFindings> {
    let step = of.field();
    let host = &server.host;
    let secret = steps.tried(step, list.secret(probe.sealer, probe.source.tenant))?;
    let spooled = Spooled::new(probe, of);
    let spooled = steps.tried(step, spooled.map_err(on_our_side))?;
    let file = &spooled.file;
    let limits = Limits {
        allow_private: probe.settings.allow_private_addresses,
        connect: CONNECT_WITHIN,
        idle: SILENT_FOR,
        most_bytes: LOOKED_AT,
    };
    let looked = sftp::look(server, &secret, &limits, file).await.map_err(|error| match error {
        SftpError::Refused(reason) | SftpError::Failed(reason) => format!("{host}: {reason}."),
        SftpError::Io(error) => on_our_side(error.into()),
    });
    let Looked { files, is_whole } = steps.tried(step, looked)?;
    let mut findings = ListFindings {
        files_total: files.len(),
        files: files.iter().take(LISTED).map(ListFileView::of).collect(),
        ..ListFindings::default()
    };
    let newest = &findings.files.first()?.name;
    let what = format!("{} files in {} on {host} fit; the newest is {newest}", files.len(), server.path);
    let (path, kind) = (file.clone(), of.kind());
    let read = tokio::task::spawn_blocking(move || columns_of(&path, kind, is_whole)).await;
    match read.map_err(anyhow::Error::from).and_then(|read| read) {
        Ok(Header::Columns(columns)) => {
            tell(step, &what, &columns, steps);
            findings.fields = columns.given;
            findings.ignored_columns = columns.ignored;
        }
        Ok(Header::NotLookedAt) => {
            let why =
                format!("it is a workbook of more than {LOOKED_AT} bytes, whose columns are seen when it is taken");
            steps.warned(step, format!("{what}."), vec![why]);
        }
        Ok(Header::None(reason)) => steps.failed(step, format!("{what}, which is no such list: {reason}.")),
        Err(error) => steps.failed(step, on_our_side(error)),
    }
    Some(findings)
}

fn tell(step: &'static str, what: &str, columns: &Columns, steps: &mut Steps) {
    let message = format!("{what}, with {}.", columns.given.join(", "));
    let ignored = &columns.ignored;
    let warning = (!ignored.is_empty()).then(|| format!("columns that mean nothing here: {}", ignored.join(", ")));
    steps.warned(step, message, warning.into_iter().collect());
}

/// A reason that may name a path of the server's, which is the operator's business.
fn on_our_side(error: anyhow::Error) -> String {
    tracing::warn!(error = format!("{error:#}"), "a list's source cannot be tested");
    String::from("The service cannot look at the list; the log of the data service tells why.")
}

impl ListFileView {
    fn of(file: &FittingFile) -> Self {
        Self {
            name: file.name.clone(),
            bytes: file.bytes,
            changed_at: DateTime::from_timestamp(i64::from(file.changed), 0),
        }
    }
}

enum Header {
    Columns(Columns),
    NotLookedAt,
    None(String),
}

/// What the beginning of a file says of its columns. Blocking.
fn columns_of(path: &Path, kind: ListKind, is_whole: bool) -> anyhow::Result<Header> {
    if !is_whole {
        let mut start = [0; 4];
        let mut file = OpenOptions::new().read(true).write(true).open(path).context("cannot read a list")?;
        file.read_exact(&mut start).context("cannot read a list")?;
        if is_workbook(&start) {
            return Ok(Header::NotLookedAt);
        }
        cut_to_lines(&mut file).context("cannot cut a list")?;
    }
    let mut header = HeaderOnly(None);
    match (read_list(path, ListFormat::File, kind, Arc::default(), &mut header), header.0) {
        (_, Some(columns)) => Ok(Header::Columns(columns)),
        (Err(FileError::Refused(reason)), None) => Ok(Header::None(reason)),
        (Err(FileError::Io(error)), None) => Err(error),
        (Err(FileError::Stopped) | Ok(()), None) => Ok(Header::None("it has no header".into())),
    }
}

/// Drops the last line, of which a part may be missing.
fn cut_to_lines(file: &mut File) -> std::io::Result<()> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut text)?;
    let end = text.iter().rposition(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
    file.set_len(end as u64)
}

/// Takes the header and ends the reading.
struct HeaderOnly(Option<Columns>);

impl Sink for HeaderOnly {
    fn columns(&mut self, columns: &Columns) -> Result<(), FileError> {
        self.0 = Some(columns.clone());
        Err(FileError::Stopped)
    }

    fn line(&mut self, _: Result<ListRow, RejectedLine>) -> Result<(), FileError> {
        Err(FileError::Stopped)
    }
}

/// A file on the disk, gone with the request. What a killed process leaves is swept like any abandoned job folder.
struct Spooled {
    folder: JobFolder,
    file: PathBuf,
}

impl Spooled {
    fn new(probe: &Probe<'_>, of: ListOf) -> anyhow::Result<Self> {
        let folder = JobFolder::of(&probe.settings.data_root, probe.source.tenant, JobId::generate());
        let file = folder.list_file(of.field())?;
        Ok(Self { folder, file })
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        if let Err(error) = self.folder.remove() {
            tracing::warn!(error = format!("{error:#}"), "a list that was looked at could not be removed");
        }
    }
}
