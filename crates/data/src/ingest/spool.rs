//! A job's folder under DATA_ROOT: what came in, and what parsing made of it. Any process that sees DATA_ROOT can go on
//! with the job.
//!
//! ```text
//! DATA_ROOT/<tenant_id>/                     the tenant's own folder of export files
//! DATA_ROOT/.jobs/<tenant_id>/<job_id>/in/   uploaded or imported files
//! …/parsed/days/20201101.daily.copy          records for COPY, a file a day and shard
//! …/parsed/{rejected,lists}.ndjson, complete.json
//! ```

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::NaiveDate;
use common::ids::{JobId, TenantId};

use crate::sources::export_files::Shard;

/// Files of days held open at a time: far below the usual limit of 1,024.
const OPEN_DAYS: usize = 128;

/// The folder of one job.
#[derive(Debug, Clone)]
pub struct JobFolder(PathBuf);

impl JobFolder {
    /// Where the job's folder is; makes nothing.
    pub fn of(data_root: &Path, tenant: TenantId, job: JobId) -> Self {
        Self(data_root.join(".jobs").join(tenant.to_string()).join(job.to_string()))
    }

    /// Uploaded or imported files.
    pub fn incoming(&self) -> PathBuf {
        self.0.join("in")
    }

    pub fn parsed(&self) -> PathBuf {
        self.0.join("parsed")
    }

    pub fn day_file(&self, day: NaiveDate, shard: Shard) -> PathBuf {
        self.parsed().join("days").join(format!("{}.{}.copy", day.format("%Y%m%d"), shard.as_str()))
    }

    pub fn rejected_file(&self) -> PathBuf {
        self.parsed().join("rejected.ndjson")
    }

    pub fn lists_file(&self) -> PathBuf {
        self.parsed().join("lists.ndjson")
    }

    /// Written last: parsing is done, everything beside it is whole.
    pub fn complete_file(&self) -> PathBuf {
        self.parsed().join("complete.json")
    }

    /// Removes what an interrupted parsing left.
    ///
    /// # Errors
    /// The folder cannot be removed or made.
    pub fn begin_parsing(&self) -> anyhow::Result<()> {
        remove(&self.parsed())?;
        fs::create_dir_all(self.parsed().join("days")).context("cannot make the job's folder under DATA_ROOT")
    }

    /// Removes the folder: the job has ended.
    ///
    /// # Errors
    /// The folder cannot be removed.
    pub fn remove(&self) -> anyhow::Result<()> {
        remove(&self.0)
    }
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error).context("cannot remove a job's folder under DATA_ROOT"),
    }
}

/// Makes a folder's entries survive a power cut, as far as the file system keeps its word.
///
/// # Errors
/// The folder cannot be opened or synced.
pub fn sync_folder(folder: &Path) -> anyhow::Result<()> {
    File::open(folder).and_then(|f| f.sync_all()).context("cannot sync a folder under DATA_ROOT")
}

/// Writes records to a file a day and shard; memory is bounded by the files held open.
pub struct DayWriter<'a> {
    folder: &'a JobFolder,
    open: HashMap<(NaiveDate, Shard), BufWriter<File>>,
}

impl<'a> DayWriter<'a> {
    pub fn new(folder: &'a JobFolder) -> Self {
        Self { folder, open: HashMap::new() }
    }

    /// Appends records (none marks the day as seen).
    ///
    /// # Errors
    /// The disk is full, or the folder is gone.
    pub fn append(&mut self, day: NaiveDate, shard: Shard, records: &[u8]) -> anyhow::Result<()> {
        if !self.open.contains_key(&(day, shard)) {
            if self.open.len() >= OPEN_DAYS {
                self.flush()?;
                self.open.clear();
            }
            let file = OpenOptions::new()
                .create(true)
                .append(true)
                .open(self.folder.day_file(day, shard))
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
    pub fn flush(&mut self) -> anyhow::Result<()> {
        for writer in self.open.values_mut() {
            writer.flush().context("cannot write a day's file under DATA_ROOT")?;
        }
        Ok(())
    }
}
