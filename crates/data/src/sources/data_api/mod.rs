//! GA4's Data API as a source, for properties without an export to BigQuery: a day is a unit, read by one report an event
//! table. Called by the ingestion worker.
//!
//! The rows are aggregates: as many events as `eventCount` says were equal in all dimensions that were asked for. They
//! belong to a visit only where the property has registered dimensions that name the visitor and the session.

mod clocks;
mod fetch;
mod items;
mod orders;
mod pages;
mod quota;
mod registered;
mod reports;
mod rows;
mod take;
#[cfg(test)]
mod testing;
mod warnings;

use std::sync::Mutex;

use async_trait::async_trait;
use chrono::{NaiveDate, Utc};
use chrono_tz::Tz;
use google::AnalyticsData;
use tokio::sync::OnceCell;

pub use clocks::is_same_clock;
pub use items::{ITEM_DIMENSIONS, ITEM_METRICS};
pub use registered::{Need, Registered, Scope};
pub use reports::{MOST_DIMENSIONS, TableReport, reports};

use super::export_files::Shard;
use super::patience::Patience;
use super::{Context, Sink, Source, SourceError, Unit, Warning, Without};
use crate::ga4::MappingSettings;
use fetch::Fetch;
use items::ItemsByTransaction;
use pages::Pages;
use quota::{Pause, judge};
use rows::Writer;
use take::take;
use warnings::Read;

/// Full days after which Google changes a report no more (ga4.md 3.5).
const SETTLED_AFTER: i64 = 3;
/// Full days within which a report may be empty because Google has not counted yet (ga4.md 3.5).
const COUNTED_AFTER: i64 = 1;
/// Item rows of a day that are held in memory to be joined to its purchases: some tens of megabytes.
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

    /// Asked once an attempt at the job.
    async fn registered(&self) -> Result<&Registered, SourceError> {
        let asked = self.registered.get_or_try_init(|| async {
            self.client.metadata().await.map(|metadata| Registered::of(&metadata, &self.settings))
        });
        asked.await.map_err(|error| judge(error, &self.patience, Utc::now()))
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
        let totals = fetch.totals(&reports).await?;

        let age = (self.today - day).num_days();
        let read = Read {
            day,
            reports: &reports,
            fetched: &fetched,
            items: items.as_ref(),
            totals: &totals,
            zone: self.zone,
            is_over: age > 0,
        };
        for warning in read.warnings() {
            sink.warn(warning);
        }
        if read.events() == 0 {
            let because = |text: &str| Warning::new(text.to_owned()).details(read.empty_reason());
            if read.of() > 0 {
                // Reports that lost their rows: no empty day.
                sink.warn(because("the day has events and Google's reports show none of them: it is left as it was"));
                sink.without(Without::NotYet);
                return Ok(sink);
            }
            if age <= COUNTED_AFTER {
                sink.warn(because("Google has no events of this day (yet)"));
                sink.without(Without::NotYet);
                return Ok(sink);
            }
            sink.warn(because("all reports are empty"));
        }
        let writer = Writer {
            day,
            zone: read.zone_name().and_then(|name| name.parse().ok()).unwrap_or(self.zone),
            currency: fetched.iter().find_map(|f| f.about.currency_code.clone()),
            settings: self.settings.clone(),
        };
        sink.begin_part(&format!("report {day}"), Shard::Daily);
        sink.see_day(day).map_err(SourceError::from)?;
        sink.stamp(None, age > SETTLED_AFTER);
        let work = tokio::task::spawn_blocking(move || {
            let items = ItemsByTransaction::read(&pages, items.as_ref(), MOST_ITEMS)?;
            if items.left_out {
                let most = Warning::new("there are too many items: the day's purchases are without them".into());
                sink.warn(most.detail(format!("more than {MOST_ITEMS} rows")));
            }
            take(&pages, &reports, &writer, &items, sink)
        });
        work.await.map_err(|error| SourceError::Failed(error.into()))?
    }

    fn nothing(&self) -> String {
        "there are no days to read".into()
    }
}
