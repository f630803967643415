//! A unit's mapped rows on disk, as records for COPY: a file a day and shard.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::NaiveDate;

use super::export_files::Shard;

/// Files of days held open at a time: far below the usual limit of 1,024.
const OPEN_DAYS: usize = 128;

/// Where a day's records are in a folder of parsed rows.
pub fn day_file(parsed: &Path, day: NaiveDate, shard: Shard) -> PathBuf {
    parsed.join("days").join(format!("{}.{}.copy", day.format("%Y%m%d"), shard.as_str()))
}

/// Writes records to a file a day and shard; memory is bounded by the files held open.
#[derive(Debug)]
pub(super) struct DayWriter {
    folder: PathBuf,
    open: HashMap<(NaiveDate, Shard), BufWriter<File>>,
}

impl DayWriter {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), open: HashMap::new() }
    }

    /// Appends records (none marks the day as seen).
    ///
    /// # Errors
    /// The disk is full, or the folder is gone.
    pub(super) fn append(&mut self, day: NaiveDate, shard: Shard, records: &[u8]) -> anyhow::Result<()> {
        if !self.open.contains_key(&(day, shard)) {
            if self.open.len() >= OPEN_DAYS {
                self.flush()?;
                self.open.clear();
            }
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(day_file(&self.folder, day, shard))
                .context("cannot write a day's file under DATA_ROOT")?;
            self.open.insert((day, shard), BufWriter::with_capacity(64 * 1024, file));
        }
        if let Some(writer) = self.open.get_mut(&(day, shard)) {
            writer.write_all(records).context("cannot write a day's file under DATA_ROOT")?;
        }
        Ok(())
    }

    /// # Errors
    /// The disk is full, or the folder is gone.
    pub(super) fn flush(&mut self) -> anyhow::Result<()> {
        for writer in self.open.values_mut() {
            writer.flush().context("cannot write a day's file under DATA_ROOT")?;
        }
        Ok(())
    }
}
