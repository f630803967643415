//! Mappings out of a CSV file: every line that is good, or everything that is wrong with it.

use std::collections::HashMap;

use common::http::FieldError;

use super::{
    header::{Column, Header},
    rules::{DeliveryKind, branch_code, name, together},
};
use crate::email::address::recipient;

/// More faults than anybody mends one by one.
const MOST_FAULTS: usize = 10_000;

/// A file that was understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) lines: Vec<Line>,
    /// Columns that mean nothing here, as they are named in the file.
    pub(super) ignored_columns: Vec<String>,
}

/// One mapping. Of what may be left out: none = the file does not say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// In the file, from 1.
    pub(super) number: u64,
    pub(super) branch_code: String,
    pub(super) sales_rep_email: String,
    pub(super) sales_rep_name: Option<Option<String>>,
    pub(super) branch_name: Option<Option<String>>,
    pub(super) is_enabled: Option<bool>,
    pub(super) delivery: Option<DeliveryKind>,
}

/// Reads it. `may_change` says why a branch's mappings are not the caller's to change.
///
/// # Errors
/// All that is wrong: `lines[7].sales_rep_email`, or `body` for the file as a whole.
pub(super) fn read(file: &[u8], may_change: impl Fn(&str) -> Result<(), String>) -> Result<Sheet, Vec<FieldError>> {
    let text = text(file).map_err(|fault| vec![fault])?;
    let header = Header::of(text).map_err(|fault| vec![FieldError::new("body", fault)])?;
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(header.delimiter)
        .from_reader(text.as_bytes());
    let mut faults = Faults::default();
    let mut lines: Vec<Line> = Vec::new();
    // Of each branch and address the line that named it first.
    let mut seen: HashMap<(String, String), u64> = HashMap::new();
    let mut record = csv::StringRecord::new();
    let (mut number, mut left_out) = (0, header.lines);
    loop {
        match reader.read_record(&mut record) {
            Ok(false) => break,
            // Lines that end with a carriage return alone are not counted by the reader.
            Ok(true) => number = record.position().map_or(0, csv::Position::line).max(number + 1),
            Err(error) => {
                faults.add(number + 1, None, format!("cannot be read: {error}"));
                break;
            }
        }
        if left_out > 0 {
            left_out -= 1;
            continue;
        }
        if record.iter().all(|cell| cell.trim().is_empty()) {
            continue;
        }
        if record.len() < header.columns.len() || record.iter().skip(header.columns.len()).any(|cell| !cell.is_empty())
        {
            let words = format!("has {} columns where the header has {}", record.len(), header.columns.len());
            faults.add(number, None, words);
            continue;
        }
        let Some(line) = line(number, &header, &record, &may_change, &mut faults) else { continue };
        let key = (line.branch_code.clone(), line.sales_rep_email.clone());
        match seen.get(&key) {
            Some(first) => faults.add(
                number,
                None,
                format!("names {} for {} again, as line {first} does", line.sales_rep_email, line.branch_code),
            ),
            None => {
                seen.insert(key, number);
                lines.push(line);
            }
        }
    }
    if faults.count == 0 && lines.is_empty() {
        faults.add_whole("has a header and no line after it");
    }
    faults.none().map(|()| Sheet { lines, ignored_columns: header.ignored })
}

fn line(
    number: u64,
    header: &Header,
    record: &csv::StringRecord,
    may_change: impl Fn(&str) -> Result<(), String>,
    faults: &mut Faults,
) -> Option<Line> {
    let before = faults.count;
    let cell = |column: Column| header.place(column).and_then(|at| record.get(at)).map(str::trim);
    let mut taken = |column: Column, result: Result<String, String>| {
        result.map_err(|fault| faults.add(number, Some(column), fault)).unwrap_or_default()
    };
    let code = taken(
        Column::BranchCode,
        branch_code(cell(Column::BranchCode).unwrap_or_default()).and_then(|code| may_change(&code).map(|()| code)),
    );
    let email = cell(Column::Email).unwrap_or_default();
    let email = taken(Column::Email, recipient(email).map_err(|fault| format!("`{}` {fault}", shortened(email))));
    let mut named = |column: Column| {
        cell(column).map(|text| name(text).map_err(|fault| faults.add(number, Some(column), fault)).unwrap_or_default())
    };
    let sales_rep_name = named(Column::RepName);
    let branch_name = named(Column::BranchName);
    let is_enabled = cell(Column::Enabled)
        .filter(|text| !text.is_empty())
        .and_then(|text| truth(text).map_err(|fault| faults.add(number, Some(Column::Enabled), fault)).ok());
    let delivery = cell(Column::Delivery)
        .filter(|text| !text.is_empty())
        .and_then(|text| delivery(text).map_err(|fault| faults.add(number, Some(Column::Delivery), fault)).ok());
    if let Err(fault) = together(&code, delivery.unwrap_or_default()) {
        faults.add(number, Some(Column::Delivery), fault);
    }
    let line =
        Line { number, branch_code: code, sales_rep_email: email, sales_rep_name, branch_name, is_enabled, delivery };
    (faults.count == before).then_some(line)
}

/// The file as text, without the mark that some programs put before it.
fn text(file: &[u8]) -> Result<&str, FieldError> {
    let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
    if file.starts_with(b"PK\x03\x04") {
        return Err(FieldError::new("body", "is a workbook or an archive: save the list as CSV UTF-8"));
    }
    let line = |at: usize| 1 + file[..at].iter().filter(|byte| **byte == b'\n').count();
    // UTF-16 has a zero in each common character, and UTF-8 has none.
    if file.contains(&0) {
        return Err(FieldError::new("body", "is not CSV in UTF-8, for it has zero bytes in it: save it as CSV UTF-8"));
    }
    std::str::from_utf8(file).map_err(|error| {
        let field = format!("lines[{}]", line(error.valid_up_to()));
        FieldError::new(field, "has a character that is not UTF-8: save the list as CSV UTF-8")
    })
}

fn truth(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "1" | "yes" | "y" | "active" | "enabled" => Ok(true),
        "false" | "f" | "0" | "no" | "n" | "inactive" | "disabled" => Ok(false),
        _ => Err(format!("`{}` is neither true nor false", shortened(text))),
    }
}

fn delivery(text: &str) -> Result<DeliveryKind, String> {
    DeliveryKind::named(&text.to_ascii_lowercase()).map_err(|fault| format!("`{}` {fault}", shortened(text)))
}

/// Enough of a text to recognise it by.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 80;
    let shown: String = text.chars().take(LONGEST).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}

/// What is wrong, up to as much as anybody reads.
#[derive(Debug, Default)]
struct Faults {
    count: usize,
    named: Vec<FieldError>,
}

impl Faults {
    fn add(&mut self, line: u64, column: Option<Column>, message: impl Into<String>) {
        let field = match column {
            Some(column) => format!("lines[{line}].{}", column.name()),
            None => format!("lines[{line}]"),
        };
        self.push(FieldError::new(field, message));
    }

    fn add_whole(&mut self, message: &str) {
        self.push(FieldError::new("body", message));
    }

    fn push(&mut self, fault: FieldError) {
        self.count += 1;
        if self.named.len() < MOST_FAULTS {
            self.named.push(fault);
        }
    }

    fn none(mut self) -> Result<(), Vec<FieldError>> {
        if self.count == 0 {
            return Ok(());
        }
        let more = self.count - self.named.len();
        if more > 0 {
            self.named.push(FieldError::new("body", format!("has {more} more faults than are named here")));
        }
        Err(self.named)
    }
}
