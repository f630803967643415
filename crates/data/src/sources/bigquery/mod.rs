//! GA4's export to BigQuery as a source: a day is a unit, read by one query over the day's table. Called by the ingestion
//! worker.
//!
//! GA4 writes a day into up to three tables, of which the fullest counts: daily before fresh before intraday. A table that is
//! not there is "not yet", a query that fails is a failure, and neither is an empty day.

mod query;
mod table;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use chrono::NaiveDate;
use futures::{StreamExt, TryStreamExt, stream};
use google::{BigQuery, GoogleError, Page, Query};
use tokio::sync::OnceCell;

pub use query::{Wanted, of_table};
pub use table::{DayTable, find};

use super::export_files::{FileError, RawRow, Shard};
use super::patience::Patience;
use super::{Context, Sink, Source, SourceError, TableStamp, Unit, Without};

/// Days whose tables are asked for at a time.
const ASKED_AT_ONCE: usize = 4;
/// Full days after which GA4 changes a daily table no more (ga4.md 1.1).
const SETTLED_AFTER: i64 = 3;
/// How often a day's table is looked for when it goes between two looks.
const LOOKS: u32 = 3;

/// The tables of a property.
pub struct BigQueryExport {
    pub client: BigQuery,
    pub project: String,
    pub dataset: String,
    /// Newest first.
    pub days: Vec<NaiveDate>,
    /// In the property's time zone.
    pub today: NaiveDate,
    /// What of a table is read.
    pub wanted: Wanted,
    /// More is not billed for one query, in bytes.
    pub max_bytes_billed: u64,
    /// The tables that the days were read from last: one that has not changed is left alone. Empty to read all again.
    pub known: BTreeMap<NaiveDate, TableStamp>,
    pub patience: Patience,
    plans: OnceCell<BTreeMap<NaiveDate, Plan>>,
    bytes_expected: AtomicU64,
}

/// What is done about a day.
#[derive(Debug, Clone)]
enum Plan {
    Read(Arc<DayTable>),
    /// The table is what it was when it was read last.
    Unchanged(TableStamp, Shard),
    Absent,
}

/// What a [`BigQueryExport`] is made of.
pub struct Order {
    pub client: BigQuery,
    pub project: String,
    pub dataset: String,
    pub days: Vec<NaiveDate>,
    pub today: NaiveDate,
    pub wanted: Wanted,
    pub max_bytes_billed: u64,
    pub known: BTreeMap<NaiveDate, TableStamp>,
    pub patience: Patience,
}

impl BigQueryExport {
    pub fn new(order: Order) -> Self {
        let Order { client, project, dataset, days, today, wanted, max_bytes_billed, known, patience } = order;
        Self {
            client,
            project,
            dataset,
            days,
            today,
            wanted,
            max_bytes_billed,
            known,
            patience,
            plans: OnceCell::new(),
            bytes_expected: AtomicU64::new(0),
        }
    }

    async fn plans(&self) -> Result<&BTreeMap<NaiveDate, Plan>, GoogleError> {
        self.plans
            .get_or_try_init(|| async {
                stream::iter(self.days.iter().copied())
                    .map(|day| async move { Ok((day, self.plan(day).await?)) })
                    .buffer_unordered(ASKED_AT_ONCE)
                    .try_collect()
                    .await
            })
            .await
    }

    /// Finds the day's table and what reading it will take. An intraday table goes when the daily one has come, also between
    /// two questions about it.
    async fn plan(&self, day: NaiveDate) -> Result<Plan, GoogleError> {
        let mut looks = 1;
        loop {
            match self.look(day).await {
                Err(GoogleError::NotFound(_)) if looks < LOOKS => looks += 1,
                plan => return plan,
            }
        }
    }

    async fn look(&self, day: NaiveDate) -> Result<Plan, GoogleError> {
        let Some(table) = table::find(&self.client, &self.project, &self.dataset, day).await? else {
            return Ok(Plan::Absent);
        };
        // A table that rows are still streamed into says nothing of when it changed.
        if !table.info.streaming && self.known.get(&day) == Some(&table.stamp()) {
            return Ok(Plan::Unchanged(table.stamp(), table.shard));
        }
        // Without the limit, so that what it takes can be said.
        let bytes = self.client.dry_run(&Query { max_bytes_billed: None, ..self.query(&table) }).await?;
        if bytes > self.max_bytes_billed {
            return Err(GoogleError::Invalid(format!(
                "Reading {} takes {bytes} bytes, more than the source's max_bytes_billed of {}; nothing was read. Raise \
                 the limit with PUT /data/source if that is meant.",
                table.name, self.max_bytes_billed
            )));
        }
        self.bytes_expected.fetch_add(bytes, Ordering::Relaxed);
        Ok(Plan::Read(Arc::new(table)))
    }

    fn query(&self, table: &DayTable) -> Query {
        query::of_table(&self.project, &self.dataset, table, &self.wanted, self.max_bytes_billed)
    }

    /// Whether GA4 will not change the day any more that is in such a table.
    fn is_final(&self, day: NaiveDate, shard: Shard) -> bool {
        shard == Shard::Daily && (self.today - day).num_days() > SETTLED_AFTER
    }

    async fn read_table(
        &self,
        day: NaiveDate,
        table: &DayTable,
        context: &Context,
        mut sink: Sink,
    ) -> Result<Sink, ReadError> {
        sink.begin_part(&table.name, table.shard);
        sink.see_day(day)?;
        sink.stamp(Some(table.stamp()), self.is_final(day, table.shard));
        let mut rows = self.client.query(&self.query(table)).await?;
        let mut next = rows.next_page().await?;
        let mut line = 0;
        while let Some(page) = next {
            context.counters.bytes.fetch_add(page.bytes() as u64, Ordering::Relaxed);
            // While one page is mapped, the next one is on its way.
            let (taken, following) = tokio::join!(take(page, sink, line), rows.next_page());
            let fault;
            (sink, line, fault) = taken?;
            match fault {
                None => {}
                Some(FileError::Refused(reason)) => {
                    sink.refuse(&reason);
                    return Ok(sink);
                }
                Some(error) => return Err(error.into()),
            }
            next = following?;
        }
        if let Err(FileError::Refused(reason)) = sink.end_part() {
            sink.refuse(&reason);
        }
        Ok(sink)
    }
}

/// Google's fault or ours.
enum ReadError {
    Google(GoogleError),
    Source(SourceError),
}

impl From<GoogleError> for ReadError {
    fn from(error: GoogleError) -> Self {
        Self::Google(error)
    }
}

impl From<FileError> for ReadError {
    fn from(error: FileError) -> Self {
        Self::Source(error.into())
    }
}

/// Maps a page on a thread of its own; `line` counts the rows of the table.
async fn take(page: Page, mut sink: Sink, mut line: u64) -> Result<(Sink, u64, Option<FileError>), ReadError> {
    let work = tokio::task::spawn_blocking(move || {
        let taken = page.for_each(|json| {
            line += 1;
            sink.event_row(&RawRow { line, json, count: None })
        });
        taken.map(|rows| (sink, line, rows.err()))
    });
    let done = work.await.map_err(|error| ReadError::Source(SourceError::Failed(error.into())))?;
    Ok(done?)
}

#[async_trait]
impl Source for BigQueryExport {
    async fn units(&self) -> Result<Vec<Unit>, SourceError> {
        self.plans().await.map_err(|error| self.patience.judge(error))?;
        Ok(self.days.iter().copied().map(Unit::of_day).collect())
    }

    async fn read(&self, unit: &Unit, context: &Context, mut sink: Sink) -> Result<Sink, SourceError> {
        let plans = self.plans().await.map_err(|error| self.patience.judge(error))?;
        let Some((day, plan)) = unit.day.and_then(|day| plans.get_key_value(&day)) else {
            return Err(SourceError::Refused(format!("{} is no day of this job", unit.name)));
        };
        match plan {
            Plan::Absent => {
                sink.without(Without::Absent);
                Ok(sink)
            }
            Plan::Unchanged(stamp, shard) => {
                sink.without(Without::Unchanged);
                sink.stamp(Some(stamp.clone()), self.is_final(*day, *shard));
                Ok(sink)
            }
            Plan::Read(table) => match self.read_table(*day, table, context, sink).await {
                Ok(sink) => Ok(sink),
                Err(ReadError::Source(error)) => Err(error),
                // It was there a moment ago: an intraday table goes when the daily one has come. The next attempt looks
                // for the day's table anew.
                Err(ReadError::Google(GoogleError::NotFound(text))) => Err(self.patience.again(text)),
                Err(ReadError::Google(error)) => Err(self.patience.judge(error)),
            },
        }
    }

    fn bytes_expected(&self) -> u64 {
        self.bytes_expected.load(Ordering::Relaxed)
    }

    fn nothing(&self) -> String {
        "there are no days to read".into()
    }
}
