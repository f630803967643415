//! A sheet row by row: each cell as what it means, numbers, dates and texts told apart.

use std::borrow::Cow;

use quick_xml::events::{BytesStart, Event};

use super::package::{Part, attribute};
use super::texts::{append, resolved, rich_text};
use super::workbook::Workbook;
use crate::dimensions::check::Cell;
use crate::dimensions::number;
use crate::sources::export_files::FileError;

const MOST_ROWS: u64 = 1_048_576;
const MOST_COLUMNS: usize = 16_384;

/// Takes the number and the cells of a row; answers whether it wants the next one.
pub(super) type TakeRow<'a, 'w> = dyn FnMut(u64, &[Cell<'w>]) -> Result<bool, FileError> + 'a;

/// Calls `row` with the number and the cells of every row that is written in the sheet, until it answers false.
///
/// # Errors
/// [`FileError::Refused`] when the sheet is damaged; the first error of `row`.
pub(super) fn rows<'w>(
    part: &mut Part<'_>,
    workbook: &'w Workbook,
    row: &mut TakeRow<'_, 'w>,
) -> Result<(), FileError> {
    let (mut number, mut cells) = (0, Vec::new());
    loop {
        match part.next()? {
            Event::Start(e) => match e.local_name().as_ref() {
                "row" => {
                    let given = attribute(&e, "r").and_then(|r| r.parse().ok());
                    number = given.unwrap_or(number + 1);
                    if number > MOST_ROWS {
                        return Err(FileError::Refused(format!("the workbook is damaged: there is no row {number}")));
                    }
                    cells.clear();
                }
                "c" => {
                    let header = CellHeader::of(&e);
                    let at = header.column.unwrap_or(cells.len());
                    if at >= MOST_COLUMNS {
                        return Err(FileError::Refused(format!(
                            "the workbook is damaged: row {number} has a cell beyond the last column"
                        )));
                    }
                    let cell = cell(part, &header, workbook)?;
                    if cells.len() <= at {
                        cells.resize(at + 1, Cell::Empty);
                    }
                    cells[at] = cell;
                }
                _ => {}
            },
            Event::End(e) if e.local_name().as_ref() == "row" => {
                part.renew();
                if !row(number, &cells)? {
                    return Ok(());
                }
            }
            // What follows in the part is about how the sheet looks.
            Event::End(e) if e.local_name().as_ref() == "sheetData" => return Ok(()),
            Event::Eof => return Err(FileError::Refused("the workbook is damaged: a sheet has no end".into())),
            _ => {}
        }
    }
}

struct CellHeader {
    column: Option<usize>,
    /// `s` shared text, `str` and `inlineStr` text, `b`, `e`, `d`, `n`.
    kind: String,
    format: usize,
}

impl CellHeader {
    fn of(element: &BytesStart<'_>) -> Self {
        let mut header = Self { column: None, kind: String::new(), format: 0 };
        for attribute in element.attributes().with_checks(false).flatten() {
            match attribute.key.as_ref() {
                "r" => header.column = column(&attribute.value),
                "t" => header.kind = attribute.value.into_owned(),
                "s" => header.format = attribute.value.parse().unwrap_or_default(),
                _ => {}
            }
        }
        header
    }
}

/// The column of `AB12`, from 0.
fn column(reference: &str) -> Option<usize> {
    let letters = reference.bytes().take_while(u8::is_ascii_alphabetic);
    let number = letters.take(4).fold(0, |n, letter| n * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1);
    number.checked_sub(1)
}

/// The cell's content, up to its end.
fn cell<'w>(part: &mut Part<'_>, header: &CellHeader, workbook: &'w Workbook) -> Result<Cell<'w>, FileError> {
    let (mut value, mut inline, mut in_value) = (String::new(), None, false);
    loop {
        match part.next()? {
            Event::Start(e) => match e.local_name().as_ref() {
                "v" => in_value = true,
                "is" => inline = Some(rich_text(part, "is")?),
                _ => {}
            },
            Event::Text(t) if in_value => append(&mut value, &t.xml10_content()),
            Event::CData(t) if in_value => append(&mut value, &t.xml10_content()),
            Event::GeneralRef(r) if in_value => append(&mut value, &resolved(&r)),
            Event::End(e) => match e.local_name().as_ref() {
                "v" => in_value = false,
                "c" => break,
                _ => {}
            },
            Event::Eof => return Err(FileError::Refused("the workbook is damaged: it ends in a cell".into())),
            _ => {}
        }
    }
    if let Some(text) = inline {
        return Ok(Cell::Text(text.into()));
    }
    if value.trim().is_empty() {
        return Ok(Cell::Empty);
    }
    Ok(match header.kind.as_str() {
        "s" => match value.trim().parse().ok().and_then(|number| workbook.texts.get(number)) {
            Some(text) => Cell::Text(Cow::Borrowed(text)),
            None => Cell::Fault("has a text that the workbook does not hold".to_owned()),
        },
        "str" | "inlineStr" => Cell::Text(value.into()),
        "b" => Cell::Bool(matches!(value.trim(), "1" | "true")),
        "e" => Cell::Fault(format!("is an error in the sheet, {}", value.trim())),
        "d" => Cell::Date(value),
        _ => match value.trim().parse::<f64>() {
            Err(_) => Cell::Fault(format!("`{}` is no number, though the sheet says so", value.trim())),
            Ok(serial) if workbook.dates.get(header.format) == Some(&true) => {
                number::date(serial, workbook.from_1904).map_or(Cell::Number(serial), Cell::Date)
            }
            Ok(number) => Cell::Number(number),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::column;

    #[test]
    fn columns_are_counted_in_letters() {
        for (reference, number) in
            [("A1", Some(0)), ("z9", Some(25)), ("AA1", Some(26)), ("XFD1", Some(16_383)), ("12", None)]
        {
            assert_eq!(column(reference), number, "{reference}");
        }
        assert!(column("ZZZZZZZZ1").is_some_and(|n| n > 16_384));
    }
}
