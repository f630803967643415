//! Users and locations as CSV, told apart by their header. Column names as shop systems export them; case is ignored.

use std::io::BufRead;

use serde::{Deserialize, Serialize};

use super::{FileError, Input};
use crate::ga4::real_text;

/// Which list a CSV is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ListKind {
    Users,
    Locations,
}

/// A line of either list. Fields that a list does not have stay empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "list")]
pub enum ListRow {
    User {
        user_id: String,
        user_name: Option<String>,
        buying_company_name: Option<String>,
        email: Option<String>,
        cell_phone: Option<String>,
        office_phone: Option<String>,
        is_active: bool,
    },
    Location {
        location_id: String,
        location_name: String,
        city: Option<String>,
        state: Option<String>,
        is_active: bool,
    },
}

/// The list whose header this is; `names` in lower case.
pub(super) fn list_kind(names: &[String]) -> Option<ListKind> {
    let has = |name: &str| names.iter().any(|n| n == name);
    if has("location_id") || has("warehouse_code") {
        Some(ListKind::Locations)
    } else if has("user_id") && !has("event_name") {
        Some(ListKind::Users)
    } else {
        None
    }
}

/// A line that was taken, or why not and its text.
pub type ListLine = Result<ListRow, (String, String)>;

/// Reads a list from its header on. Each line is handed over with its number: the row, or why it is none and its text.
///
/// # Errors
/// [`FileError::Refused`] when the header lacks the id; the first error of `row`.
pub fn read_list(
    mut input: Input,
    kind: ListKind,
    row: &mut dyn FnMut(u64, ListLine) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let budget = input.budget();
    let reader: &mut dyn BufRead = input.reader();
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let headers = reader.headers().map_err(|e| FileError::Refused(format!("line 1: {e}")))?.clone();
    let names: Vec<String> = headers.iter().map(|h| h.trim().to_ascii_lowercase()).collect();
    if list_kind(&names) != Some(kind) {
        return Err(FileError::Refused("line 1: the header has changed while the file was read".into()));
    }
    for (n, record) in reader.records().enumerate() {
        let fallback = n as u64 + 2;
        budget.renew();
        match record {
            Ok(record) => {
                let line = record.position().map_or(fallback, csv::Position::line);
                let cells = Cells { names: &names, record: &record };
                let parsed = if record.len() == names.len() {
                    cells.row(kind)
                } else {
                    Err(format!("{} columns where the header has {}", record.len(), names.len()))
                };
                let raw = || record.iter().collect::<Vec<_>>().join(",");
                row(line, parsed.map_err(|reason| (reason, raw())))?;
            }
            Err(error) if error.is_io_error() => {
                return Err(FileError::Refused(format!("line {fallback}: the file cannot be read on: {error}")));
            }
            Err(error) => row(fallback, Err((error.to_string(), String::new())))?,
        }
    }
    Ok(())
}

struct Cells<'a> {
    names: &'a [String],
    record: &'a csv::StringRecord,
}

impl Cells<'_> {
    fn text(&self, names: &[&str]) -> Option<String> {
        let at = self.names.iter().position(|n| names.contains(&n.as_str()))?;
        real_text(self.record.get(at)?)
    }

    fn id(&self, names: &[&str]) -> Result<String, String> {
        let id = self.text(names).ok_or_else(|| format!("{} is missing", names[0]))?;
        if id.len() > 500 { Err(format!("{} is longer than 500 bytes", names[0])) } else { Ok(id) }
    }

    fn is_active(&self) -> Result<bool, String> {
        match self.text(&["is_active"]).map(|t| t.to_ascii_lowercase()).as_deref() {
            None | Some("true" | "t" | "1" | "yes" | "y" | "active") => Ok(true),
            Some("false" | "f" | "0" | "no" | "n" | "inactive") => Ok(false),
            Some(other) => Err(format!("is_active `{other}` is neither true nor false")),
        }
    }

    fn row(&self, kind: ListKind) -> Result<ListRow, String> {
        match kind {
            ListKind::Users => Ok(ListRow::User {
                user_id: self.id(&["user_id"])?,
                user_name: self.text(&["user_name"]),
                buying_company_name: self.text(&["buying_company_name"]),
                email: self.text(&["email"]),
                cell_phone: self.text(&["cell_phone"]),
                office_phone: self.text(&["office_phone"]),
                is_active: self.is_active()?,
            }),
            ListKind::Locations => {
                let location_id = self.id(&["location_id", "warehouse_code"])?;
                Ok(ListRow::Location {
                    location_name: self
                        .text(&["location_name", "warehouse_name"])
                        .unwrap_or_else(|| location_id.clone()),
                    location_id,
                    city: self.text(&["city"]),
                    state: self.text(&["state"]),
                    is_active: self.is_active()?,
                })
            }
        }
    }
}
