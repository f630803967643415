//! Pages of reports on disk: what a property's quota was spent on is never asked for twice, whatever happens to the job.
//! Blocking.
//!
//! A page is a file of lines: first what was asked and what Google said of it, then a row a line.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use google::{Report, ReportMetadata};
use serde::{Deserialize, Serialize};

use crate::sources::export_files::FileError;

/// What is asked for, beside the day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What its pages are kept under.
    pub name: String,
    pub dimensions: Vec<String>,
    pub metrics: Vec<String>,
    /// Names of events; none asks for all.
    pub events: Option<Vec<String>>,
}

/// A row of a report: its dimensions' values and its figures, in the order asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    pub dimensions: Vec<String>,
    pub metrics: Vec<String>,
}

/// The first line of a page.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    asked: Asked,
    row_count: u64,
    rows: u64,
    about: About,
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Kept {
    /// Pages on the disk.
    pub pages: u64,
    /// Rows in them.
    pub rows: u64,
    /// Rows of the whole report; none before the first page.
    pub of: Option<u64>,
}

impl Kept {
    pub fn is_whole(&self) -> bool {
        self.of.is_some_and(|of| self.rows >= of)
    }
}

impl Pages {
    pub fn of(scratch: &Path) -> Self {
        Self(scratch.to_owned())
    }

    fn file(&self, report: &str, page: u64) -> PathBuf {
        self.0.join(format!("{report}.{page}.ndjson"))
    }

    /// How much of a report is there. Pages of another question are forgotten: the property's owner may have registered
    /// a dimension since.
    ///
    /// # Errors
    /// The disk cannot be read.
    pub fn kept(&self, asked: &Asked) -> anyhow::Result<Kept> {
        let mut kept = Kept::default();
        while let Some(page) = self.open(&asked.name, kept.pages)? {
            let head = page.head.filter(|head| head.asked == *asked && kept.of.is_none_or(|of| of == head.row_count));
            let Some(head) = head else {
                self.forget(&asked.name)?;
                return Ok(Kept::default());
            };
            kept = Kept { pages: kept.pages + 1, rows: kept.rows + head.rows, of: Some(head.row_count) };
        }
        Ok(kept)
    }

    /// Keeps a page behind those that are there, durably. Answers how far the report is then.
    ///
    /// # Errors
    /// The disk is full.
    pub fn keep(&self, asked: &Asked, before: Kept, answer: &Report) -> anyhow::Result<Kept> {
        let rows = answer.len() as u64;
        let head =
            Head { asked: asked.clone(), row_count: answer.row_count, rows, about: answer.metadata.clone().into() };
        let write = || {
            // A name of its own: another process that believes this one dead may write the same page.
            let mut making = tempfile::NamedTempFile::new_in(&self.0)?;
            let mut lines = BufWriter::new(&mut making);
            serde_json::to_writer(&mut lines, &head)?;
            for row in answer.rows() {
                lines.write_all(b"\n")?;
                serde_json::to_writer(&mut lines, &(row.dimensions, row.metrics))?;
            }
            lines.flush()?;
            drop(lines);
            making.as_file().sync_all()?;
            making.persist(self.file(&asked.name, before.pages)).map_err(|error| error.error)?;
            anyhow::Ok(())
        };
        write().context("cannot write a page of a report under DATA_ROOT")?;
        Ok(Kept { pages: before.pages + 1, rows: before.rows + rows, of: Some(answer.row_count) })
    }

    /// Forgets a report: it is to be asked for again.
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
            match fs::remove_file(self.file(report, page)) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(error).context("cannot remove a page of a report under DATA_ROOT");
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What Google said of the report on its first page.
    ///
    /// # Errors
    /// The page cannot be read.
    pub fn about(&self, report: &str) -> anyhow::Result<About> {
        Ok(self.open(report, 0)?.and_then(|page| page.head).map(|head| head.about).unwrap_or_default())
    }

    /// Every row of a report in order. Memory: one row.
    ///
    /// # Errors
    /// A page cannot be read, or is damaged: then the report is forgotten, for the next attempt. The first error of `take`.
    pub fn each(&self, report: &str, mut take: impl FnMut(Row) -> Result<(), FileError>) -> Result<(), FileError> {
        for page in 0.. {
            let Some(Page { head, mut lines }) = self.open(report, page).map_err(FileError::Io)? else { break };
            let mut left = head.map(|head| head.rows);
            let mut line = String::new();
            while left.is_some_and(|left| left > 0) {
                line.clear();
                lines.read_line(&mut line).context("cannot read a page of a report under DATA_ROOT")?;
                left = match serde_json::from_str(&line) {
                    Ok((dimensions, metrics)) => {
                        take(Row { dimensions, metrics })?;
                        left.map(|left| left - 1)
                    }
                    Err(_) => None,
                };
            }
            if left.is_none() {
                self.forget(report)?;
                return Err(FileError::Io(anyhow::anyhow!(
                    "a page of the report {report} under DATA_ROOT is damaged; it is asked for again"
                )));
            }
        }
        Ok(())
    }

    fn open(&self, report: &str, page: u64) -> anyhow::Result<Option<Page>> {
        let file = match File::open(self.file(report, page)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).context("cannot read a page of a report under DATA_ROOT"),
        };
        let mut lines = BufReader::with_capacity(64 * 1024, file);
        let mut head = Vec::new();
        lines.read_until(b'\n', &mut head).context("cannot read a page of a report under DATA_ROOT")?;
        Ok(Some(Page { head: serde_json::from_slice(&head).ok(), lines }))
    }
}

/// A page that is being read; without a head it is damaged.
struct Page {
    head: Option<Head>,
    lines: BufReader<File>,
}
