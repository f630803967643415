//! Handing the rows of a day's reports to the sink. Blocking.

use super::items::ItemsByTransaction;
use super::orders::{Orders, Placed};
use super::pages::Pages;
use super::reports::TableReport;
use super::rows::{Writer, Written, transaction};
use crate::ga4::EventKind;
use crate::sources::export_files::{FileError, RawRow};
use crate::sources::{Sink, SourceError, Warning};

/// Takes the rows of all reports, as rows of an export, in one part of the sink.
///
/// # Errors
/// The machine's faults; the caller ended the reading.
pub fn take(
    pages: &Pages,
    reports: &[TableReport],
    writer: &Writer,
    items: &ItemsByTransaction,
    mut sink: Sink,
) -> Result<Sink, SourceError> {
    let mut line = 0;
    for report in reports {
        let mut without_time = 0i64;
        let mut orders = Orders::default();
        let mut write = |placed: &Placed| {
            line += 1;
            let Written { json, count, has_time } = writer.row(report, placed, items);
            // A count that is none is a row that is none.
            let count = count.ok_or_else(|| FileError::Refused(format!("row {line}: eventCount is no number")))?;
            without_time += if has_time { 0 } else { count };
            sink.event_row(&RawRow { line, json: json.as_bytes(), count: Some(count) })
        };
        let taken = pages.each(report.name, |row| {
            if report.kind != EventKind::Purchase {
                return write(&Placed { row, place: None });
            }
            let id = transaction(report, &row);
            orders.take(id, row).iter().try_for_each(&mut write)
        });
        match taken.and_then(|()| orders.end().iter().try_for_each(&mut write)) {
            Ok(()) => {}
            Err(FileError::Refused(reason)) => {
                sink.refuse(&reason);
                return Ok(sink);
            }
            Err(error) => return Err(error.into()),
        }
        if without_time > 0 {
            let what = "Google does not say when some events were: they count at the day's beginning";
            sink.warn(Warning::new(format!("{}: {what}", report.name)).detail(without_time.to_string()));
        }
    }
    match sink.end_part() {
        Err(FileError::Refused(reason)) => sink.refuse(&reason),
        Err(error) => return Err(error.into()),
        Ok(()) => {}
    }
    Ok(sink)
}
