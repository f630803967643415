//! What kind of file this is, told by its content.

use std::io::{BufRead, Read};

use super::{FileError, Input};
use crate::dimensions::{ListKind, is_workbook, kind_of_line};

/// A file that can be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    Ndjson,
    JsonArray,
    Parquet,
    /// Nothing in it: some shards of an export are.
    Empty,
    /// Users or locations as CSV.
    List(ListKind),
    /// XLSX; which list it has, its sheets tell.
    Workbook,
}

/// Columns that only a flattened export has.
const FLATTENED: [&str; 3] = ["event_timestamp", "event_name", "event_date"];
const LONGEST_HEADER: u64 = 1024 * 1024;

/// Tells the kind from the first bytes. JSON and Parquet inputs are left unread; a CSV is to be
/// opened again, its header is consumed.
///
/// # Errors
/// [`FileError::Refused`] with line and reason for anything that is none of the kinds.
pub fn detect(input: &mut Input) -> Result<FileKind, FileError> {
    let reader = input.reader();
    let unreadable = |e: std::io::Error| FileError::Refused(format!("line 1: the file cannot be read: {e}"));
    loop {
        let start = reader.fill_buf().map_err(unreadable)?;
        if start.is_empty() {
            return Ok(FileKind::Empty);
        }
        match start.iter().position(|b| !b.is_ascii_whitespace()) {
            // Blank lines before a JSON array shift its line numbers by nothing anyone reads.
            None => {
                let blank = start.len();
                reader.consume(blank);
            }
            Some(at) => {
                if start[at] == b'{' {
                    return Ok(FileKind::Ndjson);
                }
                if start[at] == b'[' {
                    return Ok(FileKind::JsonArray);
                }
                if is_workbook(start) {
                    return Ok(FileKind::Workbook);
                }
                if start.starts_with(b"PAR1") {
                    return Ok(FileKind::Parquet);
                }
                break;
            }
        }
    }
    let mut header = Vec::new();
    (&mut *reader).take(LONGEST_HEADER).read_until(b'\n', &mut header).map_err(unreadable)?;
    if header.contains(&0) {
        return Err(FileError::Refused("line 1: neither JSON, Parquet nor text: this is no GA4 export".into()));
    }
    // Letters that are not UTF-8 cannot be in a name that matters here.
    let header = &String::from_utf8_lossy(&header);
    if let Some(kind) = kind_of_line(header) {
        return Ok(FileKind::List(kind));
    }
    let names: Vec<String> = columns(header);
    if FLATTENED.iter().all(|name| names.iter().any(|n| n == name)) {
        return Err(flattened(reader, &names));
    }
    Err(FileError::Refused(
        "line 1: this is no GA4 export: expected NDJSON, a JSON array or Parquet of export rows, or a list of users \
         (user_id, …) or locations (location_id, …) as CSV or XLSX"
            .into(),
    ))
}

fn columns(line: &str) -> Vec<String> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(line.as_bytes());
    let record = reader.records().next().and_then(Result::ok).unwrap_or_default();
    record.iter().map(|name| name.trim().to_ascii_lowercase()).collect()
}

/// A spreadsheet's copy of an export: nested values are torn into lines, and the times are usually rounded. The first
/// rounded one is shown, because it is what cannot be mended.
fn flattened(reader: &mut dyn BufRead, names: &[String]) -> FileError {
    let column = names.iter().position(|n| n == "event_timestamp").unwrap_or_default();
    let mut rows = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(reader);
    for record in rows.records().map_while(Result::ok) {
        let line = record.position().map_or(0, csv::Position::line) + 1;
        if let Some(text) = record.get(column).filter(|t| t.contains(['e', 'E']) && t.parse::<f64>().is_ok()) {
            return FileError::Refused(format!(
                "line {line}: event_timestamp `{text}` was rounded by a spreadsheet, so the time of the event is lost; \
                 export the rows again as NDJSON or Parquet"
            ));
        }
    }
    FileError::Refused("line 1: a CSV cannot hold GA4's nested rows; export them as NDJSON or Parquet".into())
}
