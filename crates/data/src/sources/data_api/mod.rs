//! GA4's Data API as a source, for properties without an export to BigQuery: a day is a unit, read by one report an event
//! table. Called by the ingestion worker.
//!
//! The rows are aggregates: as many events as `eventCount` says were equal in all dimensions that were asked for. They
//! belong to a visit only where the property has registered dimensions that name the visitor and the session.

mod fetch;
mod pages;
mod registered;
mod reports;
mod rows;

use std::sync::Mutex;

use async_trait::async_trait;
use chrono::NaiveDate;
use chrono_tz::Tz;
use google::AnalyticsData;
use tokio::sync::OnceCell;

pub use registered::Registered;
pub use reports::{MOST_DIMENSIONS, TableReport, reports};

use super::export_files::{FileError, RawRow, Shard};
use super::patience::Patience;
use super::{Context, Sink, Source, SourceError, Unit};
use crate::ga4::MappingSettings;
use fetch::{Fetch, Pause};
use pages::Pages;
pub use rows::{ITEM_DIMENSIONS, ITEM_METRICS};
use rows::{ItemsByTransaction, Writer};

/// Full days after which Google changes a report no more (ga4.md 3.5).
const SETTLED_AFTER: i64 = 3;
/// Item rows of a day that are held in memory to be joined to its purchases.
const MOST_ITEMS: u64 = 200_000;

/// One property's reports.
pub struct DataApi {
    client: AnalyticsData,
    days: Vec<NaiveDate>,
    today: NaiveDate,
    zone: Tz,
    settings: MappingSettings,
    patience: Patience,
    registered: OnceCell<Registered>,
    spent: Mutex<Option<Pause>>,
}

/// What a [`DataApi`] is made of.
pub struct Order {
    pub client: AnalyticsData,
    /// Newest first.
    pub days: Vec<NaiveDate>,
    /// In the tenant's time zone.
    pub today: NaiveDate,
    /// The tenant's: the property's, unless its reports say otherwise.
    pub zone: Tz,
    pub settings: MappingSettings,
    pub patience: Patience,
}

impl DataApi {
    pub fn new(order: Order) -> Self {
        let Order { client, days, today, zone, settings, patience } = order;
        Self { client, days, today, zone, settings, patience, registered: OnceCell::new(), spent: Mutex::new(None) }
    }

    /// Asked once a job.
    async fn registered(&self) -> Result<&Registered, SourceError> {
        let asked = self.registered.get_or_try_init(|| async {
            self.client.metadata().await.map(|metadata| Registered::of(&metadata, &self.settings))
        });
        asked.await.map_err(|error| self.patience.judge(error))
    }
}

#[async_trait]
impl Source for DataApi {
    async fn units(&self) -> Result<Vec<Unit>, SourceError> {
        self.registered().await?;
        Ok(self.days.iter().copied().map(Unit::of_day).collect())
    }

    async fn read(&self, unit: &Unit, context: &Context, mut sink: Sink) -> Result<Sink, SourceError> {
        let Some(day) = unit.day else {
            return Err(SourceError::Refused(format!("{} is no day of this job", unit.name)));
        };
        let reports = reports(self.registered().await?, &self.settings);
        let pages = Pages::of(&context.scratch);
        let fetch = Fetch { client: &self.client, patience: &self.patience, pages: &pages, day, spent: &self.spent };
        // All of the day first: what was asked for once is on the disk, so a quota that ends in between costs nothing.
        let mut fetched = Vec::with_capacity(reports.len());
        for report in &reports {
            fetched.push(fetch.report(report).await?);
        }
        let items = fetch.items(&reports).await?;
        let totals = fetch.totals(&self.settings).await?;

        let zone = fetched.iter().find_map(|f| f.about.time_zone.as_deref()).and_then(|name| name.parse().ok());
        let writer = Writer {
            day,
            zone: zone.unwrap_or(self.zone),
            currency: fetched.iter().find_map(|f| f.about.currency_code.clone()),
            settings: self.settings.clone(),
        };
        sink.begin_part(&format!("report {day}"), Shard::Daily);
        sink.see_day(day).map_err(SourceError::from)?;
        sink.stamp(None, (self.today - day).num_days() > SETTLED_AFTER);
        for warning in fetch::warnings(&reports, &fetched, &totals, zone, self.zone) {
            sink.warn(warning);
        }
        let work = tokio::task::spawn_blocking(move || {
            let items = ItemsByTransaction::read(&pages, items.as_ref(), MOST_ITEMS)?;
            if items.left_out {
                sink.warn(format!("the day has more than {MOST_ITEMS} rows of items: its purchases are without them"));
            }
            take(&pages, &reports, &writer, &items, sink)
        });
        work.await.map_err(|error| SourceError::Failed(error.into()))?
    }

    fn nothing(&self) -> String {
        "there are no days to read".into()
    }
}

/// Hands the rows of all reports to the sink, as rows of an export.
fn take(
    pages: &Pages,
    reports: &[TableReport],
    writer: &Writer,
    items: &ItemsByTransaction,
    mut sink: Sink,
) -> Result<Sink, SourceError> {
    let mut line = 0;
    for report in reports {
        let taken = pages.each(report.name, |row| {
            line += 1;
            let (json, count) = writer.row(report, row, items);
            // A count that is none is a row that is none.
            let count = count.ok_or_else(|| FileError::Refused(format!("row {line}: eventCount is no number")))?;
            sink.event_row(&RawRow { line, json: json.as_bytes(), count })
        });
        match taken {
            Ok(()) => {}
            Err(FileError::Refused(reason)) => {
                sink.refuse(&reason);
                return Ok(sink);
            }
            Err(error) => return Err(error.into()),
        }
    }
    match sink.end_part() {
        Err(FileError::Refused(reason)) => sink.refuse(&reason),
        Err(error) => return Err(error.into()),
        Ok(()) => {}
    }
    Ok(sink)
}
