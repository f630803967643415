//! GA4 export files: rows of the BigQuery export as NDJSON, as the console's JSON array, as Parquet, each plain, gzip or
//! zstd. The lists of users and locations that stand beside them are told here and read in `dimensions`. Called by the
//! ingestion worker.

mod detect;
pub(crate) mod input;
mod json_array;
mod ndjson;
mod parquet_rows;
mod shard;
mod source;

use std::path::Path;

pub use detect::{FileKind, detect};
pub use input::{Input, open};
pub use shard::{Shard, day_in_name};
pub use source::ExportFiles;

/// A row as its file had it.
pub struct RawRow<'a> {
    /// From 1. In Parquet, which has no lines, the row's number.
    pub line: u64,
    /// JSON text.
    pub json: &'a [u8],
    /// Of an aggregate of the Data API, the events that it stands for; none for an event.
    pub count: Option<i64>,
}

/// Why a file is not taken at all.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file is at fault, for good. The text names the line and the reason.
    #[error("{0}")]
    Refused(String),
    /// The caller ended the reading.
    #[error("stopped")]
    Stopped,
    /// The machine is at fault; trying again may help.
    #[error(transparent)]
    Io(#[from] anyhow::Error),
}

/// Reads every event row of a file in order. Memory: one row, or one batch of a Parquet file.
///
/// # Errors
/// [`FileError::Refused`] when the file cannot be read to its end as what it claims to be; the first error of `row`.
pub fn read_rows(
    path: &Path,
    kind: FileKind,
    input: Input,
    row: &mut dyn FnMut(RawRow<'_>) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let budget = input.budget();
    let row = &mut |raw: RawRow<'_>| {
        budget.renew();
        row(raw)
    };
    match kind {
        FileKind::Ndjson => ndjson::read(input, row),
        FileKind::JsonArray => json_array::read(input, row),
        FileKind::Parquet => parquet_rows::read(path, &input, row),
        FileKind::Empty => Ok(()),
        FileKind::List(_) | FileKind::Workbook => {
            Err(FileError::Refused("a list of users or locations has no event rows".into()))
        }
    }
}
