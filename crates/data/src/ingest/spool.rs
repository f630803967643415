//! A job's folder under DATA_ROOT: what came in, and what reading made of it. Any process that sees DATA_ROOT can go on
//! with the job.
//!
//! ```text
//! DATA_ROOT/<tenant_id>/                       the tenant's own folder of export files
//! DATA_ROOT/.jobs/<tenant_id>/<job_id>/in/     uploaded or imported files
//! …/lists/                                     lists fetched from a table or an SFTP folder
//! …/units/<unit>/scratch/                      a source's own notes: answers that are expensive to ask for again
//! …/units/<unit>/parsing.<attempt>/            what one attempt at reading writes; renamed to parsed/ when whole
//! …/units/<unit>/parsed/days/20201101.daily.copy   records for COPY, a file a day and shard
//! …/units/<unit>/parsed/{rejected,lists}.ndjson, complete.json
//! ```

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::NaiveDate;
use common::ids::{JobId, TenantId};

use crate::sources::export_files::Shard;
use crate::sources::{LISTS, Parsed, REJECTED, Unit, day_file};

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

    /// Where a list of this name is fetched to.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn list_file(&self, name: &str) -> anyhow::Result<PathBuf> {
        let lists = self.0.join("lists");
        fs::create_dir_all(&lists).context("cannot make the job's folder under DATA_ROOT")?;
        Ok(lists.join(name))
    }

    /// Where a unit of the job is read into.
    pub fn unit(&self, unit: &Unit) -> UnitFolder {
        UnitFolder(self.0.join("units").join(&unit.name))
    }

    /// Forgets what was read, not what came in: the next attempt reads again.
    ///
    /// # Errors
    /// The folder cannot be removed.
    pub fn forget_units(&self) -> anyhow::Result<()> {
        remove(&self.0.join("lists"))?;
        remove(&self.0.join("units"))
    }

    /// Removes the folder: the job has ended.
    ///
    /// # Errors
    /// The folder cannot be removed.
    pub fn remove(&self) -> anyhow::Result<()> {
        remove(&self.0)
    }
}

/// The folder of one unit of a job.
#[derive(Debug, Clone)]
pub struct UnitFolder(PathBuf);

impl UnitFolder {
    /// What a finished reading left; a folder of this name is whole.
    fn parsed(&self) -> PathBuf {
        self.0.join("parsed")
    }

    /// Outlives an attempt.
    pub fn scratch(&self) -> PathBuf {
        self.0.join("scratch")
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

    /// The result of an earlier attempt; none where there is none that can be read, and reading has to be done (again).
    pub fn parsed_before(&self) -> Option<Parsed> {
        let json = fs::read(self.parsed().join(COMPLETE)).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// A folder of this attempt's own: another process that believes this one dead may be reading beside it.
    ///
    /// # Errors
    /// The folder cannot be made.
    pub fn begin_parsing(&self) -> anyhow::Result<PathBuf> {
        let attempt = self.0.join(format!("parsing.{}", uuid::Uuid::new_v4().simple()));
        fs::create_dir_all(attempt.join("days")).context("cannot make the job's folder under DATA_ROOT")?;
        fs::create_dir_all(self.scratch()).context("cannot make the job's folder under DATA_ROOT")?;
        Ok(attempt)
    }

    /// Writes the result down and gives the attempt's folder its name, durably. Where another attempt was faster, its result
    /// counts: both read the same.
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

    /// Removes what was read: it has landed, or turned out to be damaged and is read again.
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
