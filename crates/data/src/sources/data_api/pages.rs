//! Pages of reports on disk: what a property's quota was spent on is never asked for twice, whatever happens to the job.

use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use google::{Report, ReportMetadata};
use serde::{Deserialize, Serialize};

use crate::sources::export_files::FileError;

/// A row of a report: its dimensions' values and its figures, in the order asked for.
#[derive(Debug, Serialize, Deserialize)]
pub struct Row {
    pub dimensions: Vec<String>,
    pub metrics: Vec<String>,
}

/// A page as it is kept.
#[derive(Debug, Serialize, Deserialize)]
struct Page {
    row_count: u64,
    about: About,
    rows: Vec<Row>,
}

/// What Google said of a report.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    pub currency_code: Option<String>,
    pub time_zone: Option<String>,
    pub other_row: bool,
    pub sampled: Option<(i64, i64)>,
    pub thresholded: bool,
    pub empty_reason: Option<String>,
    pub truncation: Vec<String>,
    pub restricted: bool,
}

impl From<ReportMetadata> for About {
    fn from(metadata: ReportMetadata) -> Self {
        let ReportMetadata {
            currency_code,
            time_zone,
            data_loss_from_other_row,
            sampled,
            subject_to_thresholding,
            empty_reason,
            truncation,
            restricted,
        } = metadata;
        Self {
            currency_code,
            time_zone,
            other_row: data_loss_from_other_row,
            sampled,
            thresholded: subject_to_thresholding,
            empty_reason,
            truncation,
            restricted,
        }
    }
}

/// The folder of a day's pages.
#[derive(Debug, Clone)]
pub struct Pages(PathBuf);

/// How far a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Pages on the disk.
    pub pages: u64,
    /// Rows in them.
    pub rows: u64,
    /// Rows of the whole report; none before the first page.
    pub of: Option<u64>,
}

impl Pages {
    pub fn of(scratch: &Path) -> Self {
        Self(scratch.to_owned())
    }

    fn file(&self, report: &str, page: u64) -> PathBuf {
        self.0.join(format!("{report}.{page}.json"))
    }

    /// How much of a report is there.
    ///
    /// # Errors
    /// A page cannot be read.
    pub fn kept(&self, report: &str) -> anyhow::Result<Kept> {
        let mut kept = Kept { pages: 0, rows: 0, of: None };
        for page in 0.. {
            let Some(page) = self.read(report, page)? else { break };
            kept.pages += 1;
            kept.rows += page.rows.len() as u64;
            kept.of = Some(page.row_count);
        }
        Ok(kept)
    }

    /// Keeps a page, durably, under its number from 0.
    ///
    /// # Errors
    /// The disk is full.
    pub fn keep(&self, report: &str, page: u64, answer: Report) -> anyhow::Result<()> {
        let Report { rows, row_count, metadata, quota: _ } = answer;
        let rows = rows.into_iter().map(|row| Row { dimensions: row.dimensions, metrics: row.metrics }).collect();
        let text = serde_json::to_vec(&Page { row_count, about: metadata.into(), rows })?;
        let whole = self.file(report, page);
        let making = whole.with_extension("making");
        let write = || {
            let mut file = File::create(&making)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&making, &whole)
        };
        write().context("cannot write a page of a report under DATA_ROOT")
    }

    /// Forgets a report: it changed while it was read.
    ///
    /// # Errors
    /// A page cannot be removed.
    pub fn forget(&self, report: &str) -> anyhow::Result<()> {
        // The last one first: what a crash leaves is still the beginning of a report.
        let mut pages = 0;
        while self.file(report, pages).exists() {
            pages += 1;
        }
        for page in (0..pages).rev() {
            fs::remove_file(self.file(report, page)).context("cannot remove a page of a report under DATA_ROOT")?;
        }
        Ok(())
    }

    /// What Google said of the report on its first page.
    ///
    /// # Errors
    /// The page cannot be read.
    pub fn about(&self, report: &str) -> anyhow::Result<About> {
        Ok(self.read(report, 0)?.map(|page| page.about).unwrap_or_default())
    }

    /// Every row of a report in order. Memory: one page.
    ///
    /// # Errors
    /// A page cannot be read; the first error of `take`.
    pub fn each(&self, report: &str, mut take: impl FnMut(&Row) -> Result<(), FileError>) -> Result<(), FileError> {
        for page in 0.. {
            let Some(page) = self.read(report, page).map_err(FileError::Io)? else { break };
            for row in &page.rows {
                take(row)?;
            }
        }
        Ok(())
    }

    fn read(&self, report: &str, page: u64) -> anyhow::Result<Option<Page>> {
        let file = match File::open(self.file(report, page)) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("cannot read a page of a report under DATA_ROOT"),
        };
        let mut text = Vec::new();
        BufReader::new(file).read_to_end(&mut text)?;
        serde_json::from_slice(&text).map(Some).context("a page of a report under DATA_ROOT is damaged")
    }
}
