//! Lists as XLSX: the first sheet whose first row is a header of the list, read as a stream. Only the texts that cells
//! share are held in memory.

mod cells;
mod package;
mod texts;
mod workbook;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use package::Package;
use workbook::Workbook;

use super::check::Cell;
use super::columns::{Columns, kind_of, known, shortened};
use super::list::ListKind;
use super::number;
use super::read::{Lines, Sink};
use crate::sources::export_files::FileError;

pub(crate) use package::is_zip;

/// The list that a workbook has a sheet of, if any.
///
/// # Errors
/// [`FileError::Refused`] when it is no workbook, or damaged.
pub(crate) fn workbook_kind(path: &Path) -> Result<Option<ListKind>, FileError> {
    let mut package = Package::open(path, &Arc::default())?;
    let workbook = Workbook::read(&mut package)?;
    for (_, part) in &workbook.sheets {
        if let Some(kind) = kind_of(&first_row(&mut package, &workbook, part)?.1) {
            return Ok(Some(kind));
        }
    }
    Ok(None)
}

/// Reads the list; `position` follows how many bytes of the file are read.
///
/// # Errors
/// [`FileError::Refused`] when no sheet has a header of this list, or the workbook cannot be read to its end; the first
/// error of `sink`.
pub(super) fn read(
    path: &Path,
    kind: ListKind,
    position: &Arc<AtomicU64>,
    sink: &mut dyn Sink,
) -> Result<(), FileError> {
    let mut package = Package::open(path, position)?;
    let workbook = Workbook::read(&mut package)?;
    let (part, header, columns) = sheet_of(&mut package, &workbook, kind)?;
    let mut lines = Lines::begin(columns, sink)?;
    let Some(mut part) = package.part(&part)? else { return Ok(()) };
    cells::rows(&mut part, &workbook, &mut |number, cells| {
        if number > header {
            let width = lines.columns().targets.len().min(cells.len());
            lines.take(number, &cells[..width], || cells.iter().map(shown).collect::<Vec<_>>().join(","))?;
        }
        Ok(true)
    })
}

/// The first sheet with a header of the list: its part, the header's row, and what the header says.
fn sheet_of(package: &mut Package, workbook: &Workbook, kind: ListKind) -> Result<(String, u64, Columns), FileError> {
    let mut faults = Vec::new();
    for (name, part) in &workbook.sheets {
        let (row, header) = first_row(package, workbook, part)?;
        match Columns::of(kind, &header) {
            Ok(columns) => return Ok((part.clone(), row, columns)),
            Err(fault) => {
                faults.push((known(kind, &header), format!("sheet `{}`, row {row}: {fault}", shortened(name))))
            }
        }
    }
    // The sheet that comes closest is the one that was meant.
    let closest = faults.into_iter().rev().max_by_key(|(known, _)| *known).map(|(_, fault)| fault);
    Err(FileError::Refused(closest.unwrap_or_else(|| "the workbook has no sheet".to_owned())))
}

/// The first row that has a value, and its cells as texts.
fn first_row(package: &mut Package, workbook: &Workbook, part: &str) -> Result<(u64, Vec<String>), FileError> {
    let mut found = (1, Vec::new());
    let Some(mut part) = package.part(part)? else { return Ok(found) };
    cells::rows(&mut part, workbook, &mut |number, cells| {
        let texts: Vec<String> = cells.iter().map(shown).collect();
        let is_blank = texts.iter().all(|text| text.trim().is_empty());
        if !is_blank {
            found = (number, texts);
        }
        Ok(is_blank)
    })?;
    Ok(found)
}

fn shown(cell: &Cell<'_>) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.clone().into_owned(),
        Cell::Number(number) => number::text(*number),
        Cell::Bool(yes) => yes.to_string(),
        Cell::Date(text) => text.clone(),
        Cell::Fault(fault) => format!("({fault})"),
    }
}
