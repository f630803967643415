//! A job's folder under DATA_ROOT: what came in, and what parsing made of it. Any process that sees DATA_ROOT can go on
//! with the job.
//!
//! ```text
//! DATA_ROOT/<tenant_id>/                     the tenant's own folder of export files
//! DATA_ROOT/.jobs/<tenant_id>/<job_id>/in/   uploaded or imported files
//! …/parsing.<attempt>/                         what one attempt at parsing writes; renamed to parsed/ when whole
//! …/parsed/days/20201101.daily.copy            records for COPY, a file a day and shard
//! …/parsed/{rejected,lists}.ndjson, complete.json
//! ```

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::NaiveDate;
use common::ids::{JobId, TenantId};

use super::parse::Parsed;
use crate::sources::export_files::Shard;

/// Files of days held open at a time: far below the usual limit of 1,024.
const OPEN_DAYS: usize = 128;

/// Files of a parsed folder.
pub const REJECTED: &str = "rejected.ndjson";
pub const LISTS: &str = "lists.ndjson";
const COMPLETE: &str = "complete.json";

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

    /// What a finished parsing left; a folder of this name is whole.
    pub fn parsed(&self) -> PathBuf {
        self.0.join("parsed")
    }

    pub fn day_file(&self, day: NaiveDate, shard: Shard) -> PathBuf {
        day_file(&self.parsed(), day, shard)
    }

    pub fn rejected_file(&self) -> PathBuf {
        self.parsed().join(REJECTED)
    }

    pub fn lists_file(&self) -> PathBuf {
        self.parsed().join(LISTS)
    }

    /// The result of an earlier attempt; none where there is none that can be read, and parsing has to be done (again).
    pub fn parsed_before(&self) -> Option<Parsed> {
        let json = fs::read(self.parsed().join(COMPLETE)).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// A folder of this attempt's own: another process that believes this one dead may be parsing beside it.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn begin_parsing(&self) -> anyhow::Result<PathBuf> {
        let attempt = self.0.join(format!("parsing.{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir_all(attempt.join("days")).context("cannot make the job's folder under DATA_ROOT")?;
        Ok(attempt)
    }

    /// Writes the result down and gives the attempt's folder its name, durably. Where another attempt was faster, its result
    /// counts: both read the same files.
    ///
    /// # Errors
    /// The disk is full, or the folder is gone.
    pub fn finish_parsing(&self, attempt: &Path, parsed: Parsed) -> anyhow::Result<Parsed> {
        let complete = attempt.join(COMPLETE);
        fs::write(&complete, serde_json::to_vec(&parsed)?).context("cannot write under DATA_ROOT")?;
        File::open(&complete).and_then(|f| f.sync_all()).context("cannot sync a file under DATA_ROOT")?;
        sync_folder(attempt)?;
        if let Some(before) = self.parsed_before() {
            remove(attempt)?;
            return Ok(before);
        }
        // Left by a crash in the middle of writing: not readable, so not whole.
        remove(&self.parsed())?;
        fs::rename(attempt, self.parsed()).context("cannot rename a folder under DATA_ROOT")?;
        sync_folder(&self.0)?;
        Ok(parsed)
    }

    /// Forgets a result that turned out to be damaged; the next attempt parses again.
    ///
    /// # Errors
    /// The folder cannot be removed.
    pub fn forget_parsed(&self) -> anyhow::Result<()> {
        remove(&self.parsed())
    }

    /// Removes the folder: the job has ended.
    ///
    /// # Errors
    /// The folder cannot be removed.
    pub fn remove(&self) -> anyhow::Result<()> {
        remove(&self.0)
    }
}

/// Where a day's records are in a folder of parsed files.
fn day_file(parsed: &Path, day: NaiveDate, shard: Shard) -> PathBuf {
    parsed.join("days").join(format!("{}.{}.copy", day.format("%Y%m%d"), shard.as_str()))
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
    folder: &'a Path,
    open: HashMap<(NaiveDate, Shard), BufWriter<File>>,
}

impl<'a> DayWriter<'a> {
    pub fn new(folder: &'a Path) -> Self {
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
                .open(day_file(self.folder, day, shard))
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
