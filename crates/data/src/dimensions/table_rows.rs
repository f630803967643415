//! Lists as rows of a table: written down as they come from BigQuery, read back as any other file. A fetch that breaks off
//! thus leaves nothing half applied.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::Context;
use serde_json::{Map, Value};

use super::check::{Cell, LineError};
use super::columns::Columns;
use super::list::ListKind;
use super::read::{Lines, Sink};
use crate::sources::export_files::{FileError, open};

/// A file of rows while it is written: the names of the columns first, then an object a line.
#[derive(Debug)]
pub struct TableRows {
    file: BufWriter<File>,
    rows: u64,
}

impl TableRows {
    /// `columns` are the table's: a row says nothing of a column in which it has no value.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(path: &Path, columns: &[String]) -> anyhow::Result<Self> {
        let mut file = BufWriter::new(File::create(path).context("cannot write the rows of a list")?);
        serde_json::to_writer(&mut file, columns).context("cannot write the rows of a list")?;
        Ok(Self { file, rows: 0 })
    }

    /// Takes a row as JSON text, an object by column.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn row(&mut self, json: &[u8]) -> anyhow::Result<()> {
        self.rows += 1;
        // One line, however the text is laid out: a line break inside a JSON text is always between its parts.
        let line = |byte: &u8| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte };
        self.file.write_all(b"\n").context("cannot write the rows of a list")?;
        let line: Vec<u8> = json.iter().map(line).collect();
        self.file.write_all(&line).context("cannot write the rows of a list")
    }

    /// Ends the file; answers how many rows it has.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn finish(mut self) -> anyhow::Result<u64> {
        self.file.flush().context("cannot write the rows of a list")?;
        Ok(self.rows)
    }
}

/// Reads what [`TableRows`] wrote; lines are the table's rows.
pub(super) fn read(
    path: &Path,
    kind: ListKind,
    position: Arc<AtomicU64>,
    sink: &mut dyn Sink,
) -> Result<(), FileError> {
    let mut input = open(path, position)?;
    let budget = input.budget();
    let reader = input.reader();
    let mut text = Vec::new();
    let mut next = |text: &mut Vec<u8>| -> Result<bool, FileError> {
        budget.renew();
        text.clear();
        let read = reader.read_until(b'\n', text);
        Ok(read.map_err(|e| FileError::Refused(format!("the rows cannot be read on: {e}")))? > 0)
    };
    next(&mut text)?;
    let names: Vec<String> =
        serde_json::from_slice(&text).map_err(|e| FileError::Refused(format!("the rows have no columns: {e}")))?;
    let columns = Columns::of(kind, &names).map_err(FileError::Refused)?;
    let mut lines = Lines::begin(columns, sink)?;
    let mut line = 0;
    while next(&mut text)? {
        line += 1;
        let raw = || String::from_utf8_lossy(text.trim_ascii()).into_owned();
        match serde_json::from_slice::<Map<String, Value>>(&text) {
            Ok(row) => {
                let cells: Vec<Cell<'_>> = names.iter().map(|name| cell(row.get(name))).collect();
                lines.take(line, &cells, raw)?;
            }
            Err(error) => lines.refuse(vec![LineError::whole(line, format!("is no row: {error}"))], raw())?,
        }
    }
    Ok(())
}

fn cell(value: Option<&Value>) -> Cell<'_> {
    match value {
        None | Some(Value::Null) => Cell::Empty,
        Some(Value::String(text)) => Cell::Text(text.into()),
        // As it is written: a table's number has all its digits.
        Some(Value::Number(number)) => Cell::Text(number.to_string().into()),
        Some(Value::Bool(yes)) => Cell::Bool(*yes),
        Some(Value::Array(_) | Value::Object(_)) => Cell::Fault("is a list or a record, not a value".to_owned()),
    }
}
