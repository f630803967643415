//! Lists as CSV: comma, semicolon or tab, told by the header; UTF-8 or Windows-1252.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::check::{Cell, LineError};
use super::columns::{Columns, kind_of, known};
use super::encoding::{Encoding, Text, tell};
use super::list::ListKind;
use super::read::{Lines, Sink};
use crate::sources::export_files::{FileError, open};

const DELIMITERS: [u8; 3] = [b',', b';', b'\t'];

/// A header, and how the file was read to get it.
struct Header {
    names: Vec<String>,
    delimiter: u8,
    /// A first line `sep=;`, which Excel writes and reads.
    has_separator_line: bool,
}

/// The list whose header a line of text is, if it is one of a list at all.
pub(crate) fn kind_of_line(line: &str) -> Option<ListKind> {
    DELIMITERS.into_iter().find_map(|delimiter| kind_of(&split(line, delimiter)))
}

fn split(line: &str, delimiter: u8) -> Vec<String> {
    let mut reader = csv_reader(line.as_bytes(), delimiter);
    let record = reader.records().next().and_then(Result::ok).unwrap_or_default();
    record.iter().map(str::to_owned).collect()
}

fn csv_reader<R: std::io::Read>(text: R, delimiter: u8) -> csv::Reader<R> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(text)
}

/// Reads the list; `position` follows how many bytes of the file are read.
///
/// # Errors
/// [`FileError::Refused`] when the header is not one of this list or the file cannot be read to its end; the first error of
/// `sink`.
pub(super) fn read(
    path: &Path,
    kind: ListKind,
    position: Arc<AtomicU64>,
    sink: &mut dyn Sink,
) -> Result<(), FileError> {
    let encoding = tell(open(path, Arc::default())?)?;
    let header = header(path, kind, encoding)?;
    let columns = Columns::of(kind, &header.names)
        .map_err(|fault| FileError::Refused(format!("line {}: {fault}", 1 + u64::from(header.has_separator_line))))?;
    let mut lines = Lines::begin(columns, sink)?;

    let mut input = open(path, position)?;
    let budget = input.budget();
    let mut reader = csv_reader(Text::new(input.reader(), encoding), header.delimiter);
    let mut record = csv::StringRecord::new();
    let mut left_out = 1 + usize::from(header.has_separator_line);
    let mut line = 0;
    loop {
        budget.renew();
        match reader.read_record(&mut record) {
            Ok(false) => return Ok(()),
            // Lines that end with a carriage return alone are not counted by the reader.
            Ok(true) => line = record.position().map_or(0, csv::Position::line).max(line + 1),
            Err(error) => {
                let line = line + 1;
                return Err(FileError::Refused(format!("line {line}: the file cannot be read on: {error}")));
            }
        }
        if left_out > 0 {
            left_out -= 1;
            continue;
        }
        let surplus = record.iter().skip(header.names.len()).any(|cell| !cell.trim().is_empty());
        let raw = || record.iter().collect::<Vec<_>>().join(",");
        if surplus || record.len() < header.names.len() {
            if record.iter().any(|cell| !cell.trim().is_empty()) {
                let fault = format!("{} columns where the header has {}", record.len(), header.names.len());
                lines.refuse(vec![LineError::whole(line, fault)], raw())?;
            }
            continue;
        }
        let cells: Vec<Cell<'_>> = record.iter().map(|cell| Cell::Text(cell.into())).collect();
        lines.take(line, &cells, raw)?;
    }
}

/// The header by the delimiter that makes the most of it: the most known columns, then the most columns.
fn header(path: &Path, kind: ListKind, encoding: Encoding) -> Result<Header, FileError> {
    let mut best: Option<(usize, usize, Header)> = None;
    for delimiter in DELIMITERS {
        let mut input = open(path, Arc::default())?;
        let mut records = csv_reader(Text::new(input.reader(), encoding), delimiter).into_records();
        let mut next = || -> Result<Vec<String>, FileError> {
            match records.next() {
                None => Ok(Vec::new()),
                Some(Ok(record)) => Ok(record.iter().map(str::to_owned).collect()),
                Some(Err(error)) => Err(FileError::Refused(format!("line 1: the file cannot be read: {error}"))),
            }
        };
        let first = next()?;
        let separator = first.first().and_then(|cell| cell.strip_prefix("sep=")).map(str::as_bytes);
        let header = match separator {
            // Split by the very separator that it names, `sep=;` is `sep=` and nothing.
            Some([]) | Some([_]) => Header { names: next()?, delimiter, has_separator_line: true },
            _ => Header { names: first, delimiter, has_separator_line: false },
        };
        let worth = (known(kind, &header.names), header.names.len());
        if best.as_ref().is_none_or(|(known, columns, _)| worth > (*known, *columns)) {
            best = Some((worth.0, worth.1, header));
        }
    }
    match best {
        Some((_, _, header)) if header.names.iter().any(|name| name.contains('\0')) => Err(FileError::Refused(
            "line 1: this is neither CSV nor XLSX; UTF-16 text is to be saved as CSV UTF-8".into(),
        )),
        Some((_, _, header)) => Ok(header),
        None => Err(FileError::Refused("line 1: there is no header".into())),
    }
}
