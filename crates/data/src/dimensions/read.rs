//! Reading a list of whatever kind of file, told by its content, line by line into a sink. Blocking; memory is one line
//! and a few bytes for each id.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::check::{Cell, Checker, LineError, ListRow};
use super::columns::Columns;
use super::list::ListKind;
use super::{csv_file, table_rows, xlsx};
use crate::sources::export_files::{FileError, Input, open};

/// A line that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedLine {
    pub line: u64,
    /// Everything that is wrong with it.
    pub errors: Vec<LineError>,
    /// Its cells.
    pub raw: String,
}

impl RejectedLine {
    /// Everything that is wrong with it, in one text.
    pub fn reason(&self) -> String {
        self.errors.iter().map(LineError::reason).collect::<Vec<_>>().join("; ")
    }
}

/// Who takes what is read.
pub trait Sink {
    /// First of all: what the header says.
    ///
    /// # Errors
    /// Ends the reading.
    fn columns(&mut self, columns: &Columns) -> Result<(), FileError>;

    /// Every line that has a value, in order.
    ///
    /// # Errors
    /// Ends the reading.
    fn line(&mut self, line: Result<ListRow, RejectedLine>) -> Result<(), FileError>;
}

/// Where a list is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListFormat {
    /// CSV or XLSX, told by the content.
    File,
    /// Rows of a table (`TableRows`).
    TableRows,
}

/// Reads the list to its end; `position` follows how many bytes of the file are read.
///
/// # Errors
/// [`FileError::Refused`] when it is no such list or cannot be read to its end; the first error of `sink`.
pub fn read_list(
    path: &Path,
    format: ListFormat,
    kind: ListKind,
    position: Arc<AtomicU64>,
    sink: &mut dyn Sink,
) -> Result<(), FileError> {
    if format == ListFormat::TableRows {
        return table_rows::read(path, kind, position, sink);
    }
    match content(&mut open(path, Arc::default())?)? {
        Content::Workbook => xlsx::read(path, kind, &position, sink),
        Content::Text => csv_file::read(path, kind, position, sink),
    }
}

enum Content {
    Text,
    Workbook,
}

/// Told by the first bytes.
fn content(input: &mut Input) -> Result<Content, FileError> {
    let refused = |reason: &str| Err(FileError::Refused(format!("line 1: {reason}")));
    let start = input.reader().fill_buf();
    let start = start.map_err(|e| FileError::Refused(format!("line 1: the file cannot be read: {e}")))?;
    if xlsx::is_zip(start) {
        return Ok(Content::Workbook);
    }
    if start.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]) {
        return refused(
            "an old Excel workbook (.xls), or one with a password: save it as .xlsx without a password, or as CSV",
        );
    }
    match start.trim_ascii_start() {
        [] if start.len() < 4096 => refused("the file is empty"),
        [b'{' | b'[', ..] => refused("this is JSON: a list is CSV or XLSX"),
        [b'<', ..] => refused("this is a page or an XML document: a list is CSV or XLSX"),
        [b'%', b'P', b'D', b'F', ..] => refused("this is a PDF: a list is CSV or XLSX"),
        _ => Ok(Content::Text),
    }
}

/// Between a reader of lines and the sink: checks.
pub(super) struct Lines<'a> {
    checker: Checker,
    sink: &'a mut dyn Sink,
}

impl<'a> Lines<'a> {
    pub(super) fn begin(columns: Columns, sink: &'a mut dyn Sink) -> Result<Self, FileError> {
        sink.columns(&columns)?;
        Ok(Self { checker: Checker::new(columns), sink })
    }

    pub(super) fn columns(&self) -> &Columns {
        self.checker.columns()
    }

    pub(super) fn take(
        &mut self,
        line: u64,
        cells: &[Cell<'_>],
        raw: impl FnOnce() -> String,
    ) -> Result<(), FileError> {
        if self.checker.is_full() {
            return Err(FileError::Refused(format!("line {line}: a list has at most 3,000,000 lines: split it")));
        }
        match self.checker.check(line, cells) {
            Ok(None) => Ok(()),
            Ok(Some(row)) => self.sink.line(Ok(row)),
            Err(errors) => self.refuse(errors, raw()),
        }
    }

    pub(super) fn refuse(&mut self, errors: Vec<LineError>, raw: String) -> Result<(), FileError> {
        let line = errors.first().map_or(0, |error| error.line);
        self.sink.line(Err(RejectedLine { line, errors, raw }))
    }
}
