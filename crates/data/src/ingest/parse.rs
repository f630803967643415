//! Parsing a job's files: every row is mapped and written to its day's file, or to the list of rejected rows, before any
//! day in the database changes. Blocking; runs on a thread of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::Context;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::lists;
use super::rejected::{RejectedRow, cut};
use super::spool::{DayWriter, JobFolder, LISTS, REJECTED};
use crate::dimensions::{self, Columns, ListFormat, ListKind, ListRow, RejectedLine, Sink};
use crate::ga4::{Mapped, MappingSettings, read_row};
use crate::load::encode_event;
use crate::sources::export_files::{self, FileError, FileKind, RawRow, Shard};

/// Of a file's rows may be rejected, in percent; above it the job fails before any day changes.
const REJECTED_PERCENT: u64 = 1;
/// So many rejected rows, and more of them than taken ones, end the reading: the file is something else.
const HOPELESS: u64 = 10_000;
/// Bytes of a reason that are kept.
const LONGEST_REASON: usize = 500;

/// What to parse, and how.
pub struct ParseOrder {
    pub folder: JobFolder,
    pub files: Vec<PathBuf>,
    pub settings: MappingSettings,
    /// Days outside of it are left out; none takes all.
    pub range: Option<(NaiveDate, NaiveDate)>,
    pub events: bool,
    pub users: bool,
    pub locations: bool,
    pub counters: Arc<Counters>,
}

/// Shared with whoever reports progress.
#[derive(Debug, Default)]
pub struct Counters {
    pub rows: AtomicU64,
    pub bytes: Arc<AtomicU64>,
    pub cancelled: AtomicBool,
}

/// What parsing found; kept as `complete.json`, so that a resumed job need not parse again.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Parsed {
    pub files: Vec<FileReport>,
    /// The shard that counts for each day, and how many rows the day has in it.
    pub days: BTreeMap<NaiveDate, DayReport>,
    pub users: u64,
    pub locations: u64,
    /// Amounts in a currency that cannot be counted.
    pub foreign_amounts: u64,
    /// Why the job fails, naming file, line and reason.
    pub refused: Option<String>,
}

impl Parsed {
    pub fn rows(&self) -> u64 {
        self.files.iter().map(|f| f.rows).sum()
    }

    pub fn rejected(&self) -> u64 {
        self.files.iter().map(|f| f.rejected).sum()
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub struct FileReport {
    pub name: String,
    pub rows: u64,
    pub rejected: u64,
    /// Rows of days outside the range asked for.
    pub outside: u64,
    /// Where the first rejected row stands and why it is none.
    pub first_rejected: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct DayReport {
    pub shard: Shard,
    pub rows: u64,
    /// Of them staged: what the day's file must hold.
    pub records: u64,
}

/// Parses all files. A file at fault ends up in [`Parsed::refused`].
///
/// # Errors
/// The machine's faults (disk, permissions), and a cancelled job.
pub fn parse(order: &ParseOrder) -> anyhow::Result<Parsed> {
    let attempt = order.folder.begin_parsing()?;
    let mut run = Run {
        order,
        days: DayWriter::new(&attempt),
        rejected: create(attempt.join(REJECTED))?,
        lists: create(attempt.join(LISTS))?,
        parsed: Parsed::default(),
        record: Vec::with_capacity(4096),
    };
    for file in &order.files {
        match run.file(file) {
            Ok(()) => {}
            Err(FileError::Refused(reason)) => {
                let name = run.parsed.files.last().map(|f| f.name.clone()).unwrap_or_default();
                run.parsed.refused = Some(format!("{name}: {reason}"));
                break;
            }
            Err(FileError::Stopped) => anyhow::bail!("cancelled"),
            Err(FileError::Io(error)) => return Err(error),
        }
    }
    if run.parsed.refused.is_none() && run.parsed.rows() == 0 {
        let names: Vec<&str> = run.parsed.files.iter().map(|f| f.name.as_str()).collect();
        // Never taken for a quiet day.
        run.parsed.refused = Some(format!("{}: there are no rows in it", names.join(", ")));
    }
    run.days.flush()?;
    run.rejected.flush().context("cannot write under DATA_ROOT")?;
    run.lists.flush().context("cannot write under DATA_ROOT")?;
    let parsed = run.parsed;
    order.folder.finish_parsing(&attempt, parsed)
}

fn create(path: PathBuf) -> anyhow::Result<BufWriter<File>> {
    File::create(path).map(BufWriter::new).context("cannot write under DATA_ROOT")
}

struct Run<'a> {
    order: &'a ParseOrder,
    days: DayWriter<'a>,
    rejected: BufWriter<File>,
    lists: BufWriter<File>,
    parsed: Parsed,
    record: Vec<u8>,
}

impl Run<'_> {
    fn file(&mut self, path: &PathBuf) -> Result<(), FileError> {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        self.parsed.files.push(FileReport { name, rows: 0, rejected: 0, outside: 0, first_rejected: None });
        let bytes_before = self.order.counters.bytes.load(Ordering::Relaxed);
        let shard = Shard::of(path);
        // Its own position per opening: the kind is told on a first one.
        let mut input = export_files::open(path, Arc::default())?;
        let mut kind = export_files::detect(&mut input)?;
        drop(input);
        if kind == FileKind::Workbook {
            kind = FileKind::List(dimensions::workbook_kind(path)?.ok_or_else(no_list)?);
        }
        match kind {
            FileKind::List(list) => {
                let wanted = match list {
                    ListKind::Users => self.order.users,
                    ListKind::Locations => self.order.locations,
                };
                if wanted {
                    let position = Arc::clone(&self.order.counters.bytes);
                    dimensions::read_list(path, ListFormat::File, list, position, &mut ListLines { run: self, list })?;
                }
            }
            _ if !self.order.events => {}
            _ => {
                let input = export_files::open(path, Arc::clone(&self.order.counters.bytes))?;
                export_files::read_rows(path, kind, input, &mut |raw| self.event_row(shard, &raw))?;
            }
        }
        let size = std::fs::metadata(path).map(|m| m.len()).unwrap_or_default();
        self.order.counters.bytes.store(bytes_before + size, Ordering::Relaxed);
        self.check_rejected()
    }

    fn event_row(&mut self, shard: Shard, raw: &RawRow<'_>) -> Result<(), FileError> {
        self.count()?;
        let mapped = read_row(raw.json, &self.order.settings);
        let day = match &mapped {
            Ok(Mapped::Event(event)) => event.event_date,
            Ok(Mapped::Nothing(day)) => *day,
            Err(reason) => return self.reject(raw.line, reason, &String::from_utf8_lossy(raw.json)),
        };
        if self.order.range.is_some_and(|(from, to)| day < from || day > to) {
            if let Some(file) = self.parsed.files.last_mut() {
                file.outside += 1;
            }
            return Ok(());
        }
        let report = self.parsed.days.entry(day).or_insert(DayReport { shard, rows: 0, records: 0 });
        match shard.cmp(&report.shard) {
            std::cmp::Ordering::Less => return Ok(()),
            std::cmp::Ordering::Greater => *report = DayReport { shard, rows: 1, records: 0 },
            std::cmp::Ordering::Equal => report.rows += 1,
        }
        self.record.clear();
        if let Ok(Mapped::Event(event)) = mapped {
            report.records += 1;
            self.parsed.foreign_amounts += u64::from(event.foreign_amount);
            encode_event(&event, &mut self.record).map_err(|e| FileError::Io(e.into()))?;
        }
        self.days.append(day, shard, &self.record).map_err(FileError::Io)
    }

    fn count(&mut self) -> Result<(), FileError> {
        if let Some(file) = self.parsed.files.last_mut() {
            file.rows += 1;
        }
        let rows = self.order.counters.rows.fetch_add(1, Ordering::Relaxed);
        // A look at the flag per row would cost more than it tells.
        if rows.is_multiple_of(256) && self.order.counters.cancelled.load(Ordering::Relaxed) {
            return Err(FileError::Stopped);
        }
        Ok(())
    }

    fn reject(&mut self, line: u64, reason: &str, raw: &str) -> Result<(), FileError> {
        let Some(file) = self.parsed.files.last_mut() else { return Ok(()) };
        // A reason names the value it is about, which may be as long as a row.
        let reason = &cut(reason, LONGEST_REASON);
        file.rejected += 1;
        file.first_rejected.get_or_insert_with(|| format!("line {line}: {reason}"));
        RejectedRow::new(&file.name, line, reason, raw).write(&mut self.rejected).map_err(FileError::Io)?;
        if file.rejected > HOPELESS && file.rejected > file.rows / 2 {
            return Err(FileError::Refused(format!(
                "line {line}: {} of the first {} rows are malformed, the last one because: {reason}",
                file.rejected, file.rows
            )));
        }
        Ok(())
    }

    fn check_rejected(&self) -> Result<(), FileError> {
        let Some(file) = self.parsed.files.last() else { return Ok(()) };
        if file.rejected * 100 > file.rows * REJECTED_PERCENT {
            return Err(FileError::Refused(format!(
                "{} of {} rows are malformed, more than {REJECTED_PERCENT} %: nothing was changed; the first one, {}",
                file.rejected,
                file.rows,
                file.first_rejected.as_deref().unwrap_or_default(),
            )));
        }
        Ok(())
    }
}

/// The lines of a list, into the run's spool.
struct ListLines<'a, 'b> {
    run: &'a mut Run<'b>,
    list: ListKind,
}

impl Sink for ListLines<'_, '_> {
    fn columns(&mut self, columns: &Columns) -> Result<(), FileError> {
        lists::spool_list(&mut self.run.lists, columns).map_err(FileError::Io)
    }

    fn line(&mut self, line: Result<ListRow, RejectedLine>) -> Result<(), FileError> {
        self.run.count()?;
        match line {
            Ok(row) => {
                match self.list {
                    ListKind::Users => self.run.parsed.users += 1,
                    ListKind::Locations => self.run.parsed.locations += 1,
                }
                lists::spool_row(&mut self.run.lists, row).map_err(FileError::Io)
            }
            Err(line) => self.run.reject(line.line, &line.reason(), &line.raw),
        }
    }
}

fn no_list() -> FileError {
    FileError::Refused(
        "no sheet of the workbook begins with the header of users (user_id, …) or locations (location_id, …)".into(),
    )
}
