//! Where a source's rows go: each is mapped and written to its day's file, or to the list of rejected rows, before any day
//! in the database changes. Blocking; to be used on a thread of its own.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::Context;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::day_files::DayWriter;
use super::export_files::{FileError, RawRow, Shard};
use super::rejected::{RejectedRow, cut};
use super::warning::Warning;
use crate::dimensions::{self, Columns, ListKind, ListRow, RejectedLine};
use crate::ga4::{Mapped, MappingSettings, read_row, sum_id};
use crate::ingest::lists;
use crate::load::encode_event;

/// Files of a parsed folder.
pub const REJECTED: &str = "rejected.ndjson";
pub const LISTS: &str = "lists.ndjson";
/// Of a part's rows may be rejected, in percent; above it nothing of the unit lands.
const REJECTED_PERCENT: u64 = 1;
/// So many rejected rows, and more of them than taken ones, end the reading: the file is something else.
const HOPELESS: u64 = 10_000;
/// Bytes of a reason that are kept.
const LONGEST_REASON: usize = 500;

/// How rows are to be taken.
#[derive(Debug, Clone)]
pub struct SinkOrder {
    pub settings: MappingSettings,
    /// Days outside of it are left out; none takes all.
    pub range: Option<(NaiveDate, NaiveDate)>,
    /// Rows were rejected before: however many of them still are, the others are taken.
    pub tolerant: bool,
    pub counters: Arc<Counters>,
}

/// Shared with whoever reports progress.
#[derive(Debug, Default)]
pub struct Counters {
    pub rows: AtomicU64,
    pub bytes: Arc<AtomicU64>,
    pub cancelled: AtomicBool,
}

impl Counters {
    /// Whether the reading is to stop.
    pub fn stopped(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

/// What reading a unit found; kept as `complete.json`, so that a resumed job need not read it again.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Parsed {
    /// Files, or tables of GA4's.
    pub files: Vec<FileReport>,
    /// The shard that counts for each day, and how many rows the day has in it.
    pub days: BTreeMap<NaiveDate, DayReport>,
    pub users: u64,
    pub locations: u64,
    /// Events with an amount in a currency that cannot be counted.
    pub foreign_amounts: u64,
    /// Why the job fails, naming file, line and reason.
    pub refused: Option<String>,
    /// What the person who reads the job should know.
    pub warnings: Vec<Warning>,
    /// The table of GA4's that was read.
    pub table: Option<TableStamp>,
    /// GA4 will not change the unit's day any more.
    pub is_final: bool,
    /// Why the unit has no rows to land, without its day being an empty one.
    pub without: Option<Without>,
}

/// Why a day is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Without {
    /// GA4's table has not changed since it was read last.
    Unchanged,
    /// GA4 has no table of the day (yet).
    Absent,
    /// GA4 has not counted the day (yet).
    NotYet,
}

impl Without {
    /// The text stored with the job's day.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Absent | Self::NotYet => "absent",
        }
    }
}

/// A table of GA4's and when it was changed last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableStamp {
    pub name: String,
    /// Milliseconds since 1970.
    pub modified: i64,
}

/// What reading a unit found that its job tells in the end; kept with the unit's day, for a job that is resumed does not read
/// it again.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Found {
    /// Rows read, rejected ones included.
    pub rows: u64,
    /// Of them rows of days that were not asked for.
    pub outside: u64,
    /// Amounts in a currency that cannot be counted.
    pub foreign_amounts: u64,
    /// Files or tables with malformed rows: name, how many, and the first one.
    pub malformed: Vec<String>,
    /// What else is to be said of the day.
    pub warnings: Vec<Warning>,
}

impl Parsed {
    /// What the job tells of it.
    pub fn found(&self) -> Found {
        let malformed = self.files.iter().filter(|file| file.rejected > 0).map(|file| {
            let first = file.first_rejected.as_deref().unwrap_or_default();
            format!("{}: {} malformed rows were not taken; the first one, {first}", file.name, file.rejected)
        });
        let absent =
            (self.without == Some(Without::Absent)).then(|| Warning::new("GA4 has no table of this day (yet)".into()));
        Found {
            rows: self.rows(),
            outside: self.files.iter().map(|file| file.outside).sum(),
            foreign_amounts: self.foreign_amounts,
            malformed: malformed.collect(),
            warnings: self.warnings.iter().cloned().chain(absent).collect(),
        }
    }

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

/// Takes rows of a unit, part by part. A part is a file or a table.
#[derive(Debug)]
pub struct Sink {
    order: SinkOrder,
    shard: Shard,
    days: DayWriter,
    rejected: BufWriter<File>,
    lists: BufWriter<File>,
    parsed: Parsed,
    record: Vec<u8>,
}

impl Sink {
    /// Writes into `folder`, in which nothing of an earlier attempt is.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn new(folder: &Path, order: SinkOrder) -> anyhow::Result<Self> {
        Ok(Self {
            order,
            shard: Shard::Daily,
            days: DayWriter::new(folder),
            rejected: create(folder.join(REJECTED))?,
            lists: create(folder.join(LISTS))?,
            parsed: Parsed::default(),
            record: Vec::with_capacity(4096),
        })
    }

    /// The rows that follow are of this file or table.
    pub fn begin_part(&mut self, name: &str, shard: Shard) {
        self.shard = shard;
        self.parsed.files.push(FileReport {
            name: name.to_owned(),
            rows: 0,
            rejected: 0,
            outside: 0,
            first_rejected: None,
        });
    }

    /// The part has been read to its end.
    ///
    /// # Errors
    /// [`FileError::Refused`] when too many of its rows were malformed.
    pub fn end_part(&mut self) -> Result<(), FileError> {
        let Some(file) = self.parsed.files.last() else { return Ok(()) };
        if !self.order.tolerant && file.rejected * 100 > file.rows * REJECTED_PERCENT {
            return Err(FileError::Refused(format!(
                "{} of {} rows are malformed, more than {REJECTED_PERCENT} %: nothing was changed; the first one, {}",
                file.rejected,
                file.rows,
                file.first_rejected.as_deref().unwrap_or_default(),
            )));
        }
        Ok(())
    }

    /// Nothing of this unit lands, and why. The reason names the part it is about.
    pub fn refuse(&mut self, reason: &str) {
        let part = self.parsed.files.last().map(|f| f.name.clone()).unwrap_or_default();
        self.parsed.refused = Some(if part.is_empty() { reason.to_owned() } else { format!("{part}: {reason}") });
    }

    /// The same, about no part.
    pub fn refuse_all(&mut self, reason: String) {
        self.parsed.refused = Some(reason);
    }

    /// The day exists in this part, with rows or without: without any it is an empty day, which replaces what was there.
    ///
    /// # Errors
    /// The disk is full.
    pub fn see_day(&mut self, day: NaiveDate) -> Result<(), FileError> {
        self.parsed.days.entry(day).or_insert(DayReport { shard: self.shard, rows: 0, records: 0 });
        self.days.append(day, self.shard, &[]).map_err(FileError::Io)
    }

    /// The unit has nothing to land, without its day being an empty one.
    pub fn without(&mut self, why: Without) {
        self.parsed.without = Some(why);
    }

    /// Which table is read, and whether GA4 still changes it.
    pub fn stamp(&mut self, table: Option<TableStamp>, is_final: bool) {
        self.parsed.table = table;
        self.parsed.is_final = is_final;
    }

    pub fn warn(&mut self, warning: impl Into<Warning>) {
        self.parsed.warnings.push(warning.into());
    }

    pub fn counters(&self) -> &Arc<Counters> {
        &self.order.counters
    }

    /// Rows taken and rejected so far.
    pub fn rows(&self) -> u64 {
        self.parsed.rows()
    }

    /// Takes an event row.
    ///
    /// # Errors
    /// [`FileError::Refused`] when the part is hopeless, [`FileError::Stopped`], or the machine's fault.
    pub fn event_row(&mut self, raw: &RawRow<'_>) -> Result<(), FileError> {
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
        let shard = self.shard;
        let report = self.parsed.days.entry(day).or_insert(DayReport { shard, rows: 0, records: 0 });
        match shard.cmp(&report.shard) {
            std::cmp::Ordering::Less => return Ok(()),
            std::cmp::Ordering::Greater => *report = DayReport { shard, rows: 1, records: 0 },
            std::cmp::Ordering::Equal => report.rows += 1,
        }
        self.record.clear();
        if let Ok(Mapped::Event(mut event)) = mapped {
            report.records += 1;
            if let Some(count) = raw.count {
                event.event_count = count;
                event.event_id = sum_id(event.event_id);
            }
            if event.foreign_amount {
                self.parsed.foreign_amounts += u64::try_from(event.event_count).unwrap_or_default();
            }
            encode_event(&event, &mut self.record).map_err(|e| FileError::Io(e.into()))?;
        }
        self.days.append(day, shard, &self.record).map_err(FileError::Io)
    }

    /// Takes the lines of a list.
    pub fn list(&mut self, list: ListKind) -> ListLines<'_> {
        ListLines { sink: self, list }
    }

    fn count(&mut self) -> Result<(), FileError> {
        if let Some(file) = self.parsed.files.last_mut() {
            file.rows += 1;
        }
        let rows = self.order.counters.rows.fetch_add(1, Ordering::Relaxed);
        // A look at the flag per row would cost more than it tells.
        if rows.is_multiple_of(256) && self.order.counters.stopped() {
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
        if !self.order.tolerant && file.rejected > HOPELESS && file.rejected > file.rows / 2 {
            return Err(FileError::Refused(format!(
                "line {line}: {} of the first {} rows are malformed, the last one because: {reason}",
                file.rejected, file.rows
            )));
        }
        Ok(())
    }

    /// Everything is on its way to the disk; what was found.
    ///
    /// # Errors
    /// The disk is full.
    pub fn finish(mut self) -> anyhow::Result<Parsed> {
        self.days.flush()?;
        self.rejected.flush().context("cannot write under DATA_ROOT")?;
        self.lists.flush().context("cannot write under DATA_ROOT")?;
        Ok(self.parsed)
    }
}

/// The lines of a list, on their way into a sink.
#[derive(Debug)]
pub struct ListLines<'a> {
    sink: &'a mut Sink,
    list: ListKind,
}

impl dimensions::Sink for ListLines<'_> {
    fn columns(&mut self, columns: &Columns) -> Result<(), FileError> {
        lists::spool_list(&mut self.sink.lists, columns).map_err(FileError::Io)
    }

    fn line(&mut self, line: Result<ListRow, RejectedLine>) -> Result<(), FileError> {
        self.sink.count()?;
        match line {
            Ok(row) => {
                match self.list {
                    ListKind::Users => self.sink.parsed.users += 1,
                    ListKind::Locations => self.sink.parsed.locations += 1,
                }
                lists::spool_row(&mut self.sink.lists, row).map_err(FileError::Io)
            }
            Err(line) => self.sink.reject(line.line, &line.reason(), &line.raw),
        }
    }
}

fn create(path: PathBuf) -> anyhow::Result<BufWriter<File>> {
    File::create(path).map(BufWriter::new).context("cannot write under DATA_ROOT")
}
