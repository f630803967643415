//! A Parquet extract: its batches are written as JSON rows, so that it takes the same way into the mapping as all others.

use std::fs::File;
use std::path::Path;

use anyhow::Context;
use arrow::json::LineDelimitedWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use super::{FileError, Input, RawRow};

/// Rows decoded at a time; a GA4 row is about 2 kB.
const BATCH: usize = 1024;

pub fn read(
    path: &Path,
    input: &Input,
    row: &mut dyn FnMut(RawRow<'_>) -> Result<(), FileError>,
) -> Result<(), FileError> {
    let file = File::open(path).context("cannot open the Parquet file")?;
    let size = file.metadata().context("cannot read the Parquet file")?.len();
    let refused =
        |error: &dyn std::fmt::Display| FileError::Refused(format!("this Parquet file cannot be read: {error}"));
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).map_err(|e| refused(&e))?;
    let fields = builder.schema().fields();
    for needed in ["event_date", "event_timestamp", "event_name", "event_params"] {
        if fields.find(needed).is_none() {
            return Err(FileError::Refused(format!("this Parquet file is no GA4 export: it has no column {needed}")));
        }
    }
    let total = u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default().max(1);
    let reader = builder.with_batch_size(BATCH).build().map_err(|e| refused(&e))?;
    let mut json = Vec::new();
    let mut line = 0;
    for batch in reader {
        let batch = batch.map_err(|e| FileError::Refused(format!("after row {line}: {e}")))?;
        json.clear();
        let mut writer = LineDelimitedWriter::new(&mut json);
        writer.write(&batch).and_then(|()| writer.finish()).map_err(|e| refused(&e))?;
        for text in json.split(|b| *b == b'\n').filter(|t| !t.is_empty()) {
            line += 1;
            row(RawRow { line, json: text, count: None })?;
        }
        input.set_position(size * line.min(total) / total);
    }
    Ok(())
}
