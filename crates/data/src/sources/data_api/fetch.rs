//! Asking for a day's reports: page by page, within the property's quota, and never for what is there already.

use std::sync::{Mutex, PoisonError};

use chrono::{NaiveDate, Utc};
use google::{AnalyticsData, GoogleError, ReportRequest};

use super::items::items_asked;
use super::pages::{About, Asked, Kept, Pages};
use super::quota::{Pause, exhausted, judge};
use super::reports::TableReport;
use crate::ga4::{EventKind, real_text};
use crate::sources::{Patience, SourceError};

/// Rows of a page: far below the API's 250,000, so that a page is some ten megabytes.
const PAGE: u64 = 50_000;
/// Rows are wide where addresses are long: a page that is too large is asked for in smaller ones, down to this.
const SMALLEST_PAGE: u64 = 1_000;
/// How often a report that changes while it is read is begun again, within one attempt.
const RESTARTS: u32 = 3;
/// The day's events by name, to hold the reports against.
const TOTALS: &str = "totals";

/// The asking for one day.
pub struct Fetch<'a> {
    pub client: &'a AnalyticsData,
    pub patience: &'a Patience,
    pub pages: &'a Pages,
    pub day: NaiveDate,
    /// Set once an allowance is used up, by whichever day's reports.
    pub spent: &'a Mutex<Option<Pause>>,
}

/// A report that is on the disk, whole.
#[derive(Debug)]
pub struct Fetched {
    pub about: About,
    pub rows: u64,
    /// Events it stands for.
    pub events: i64,
}

impl Fetch<'_> {
    /// Brings a table's report to the disk.
    ///
    /// # Errors
    /// [`SourceError::Wait`] when a quota is used up: the next attempt goes on with the next page.
    pub async fn report(&self, report: &TableReport) -> Result<Fetched, SourceError> {
        let asked = Asked {
            name: report.name.to_owned(),
            dimensions: report.dimension_names(),
            metrics: report.metrics.clone(),
            events: Some(report.events.clone()),
        };
        self.whole(asked).await
    }

    /// The items of the day's purchases; none when nothing was bought under an id.
    ///
    /// # Errors
    /// As [`Self::report`].
    pub async fn items(&self, reports: &[TableReport]) -> Result<Option<Fetched>, SourceError> {
        let Some(purchases) = reports.iter().find(|report| report.kind == EventKind::Purchase) else { return Ok(None) };
        let by = purchases.dimensions.iter().position(|dimension| dimension.name == "transactionId");
        let name = purchases.name;
        let bought = self.on_disk(move |pages| {
            let mut bought = false;
            pages.each(name, |row| {
                bought |= by.and_then(|place| row.dimensions.get(place)).is_some_and(|id| real_text(id).is_some());
                Ok(())
            })?;
            Ok(bought)
        });
        if bought.await? { self.whole(items_asked()).await.map(Some) } else { Ok(None) }
    }

    /// How many events of each name the day has, without any other dimension: what the reports must add up to.
    ///
    /// # Errors
    /// As [`Self::report`].
    pub async fn totals(&self, reports: &[TableReport]) -> Result<Vec<(String, i64)>, SourceError> {
        let asked = Asked {
            name: TOTALS.to_owned(),
            dimensions: vec!["eventName".into()],
            metrics: vec!["eventCount".into()],
            events: Some(reports.iter().flat_map(|report| report.events.clone()).collect()),
        };
        self.whole(asked).await?;
        let read = self.on_disk(|pages| {
            let mut totals = Vec::new();
            pages.each(TOTALS, |row| {
                if let ([name], [count]) = (row.dimensions.as_slice(), row.metrics.as_slice()) {
                    totals.push((name.clone(), count.parse().unwrap_or_default()));
                }
                Ok(())
            })?;
            Ok(totals)
        });
        read.await
    }

    async fn whole(&self, asked: Asked) -> Result<Fetched, SourceError> {
        let question = asked.clone();
        let mut kept = self.on_disk(move |pages| Ok(pages.kept(&question)?)).await?;
        let (mut restarts, mut limit) = (0, PAGE);
        while !kept.is_whole() {
            self.not_while_spent()?;
            let request = ReportRequest {
                date: self.day,
                dimensions: asked.dimensions.clone(),
                metrics: asked.metrics.clone(),
                event_names: asked.events.clone(),
                limit,
                offset: kept.rows,
            };
            let page = match self.client.run_report(&request).await {
                Err(GoogleError::TooLarge(_)) if limit > SMALLEST_PAGE => {
                    limit = (limit / 5).max(SMALLEST_PAGE);
                    continue;
                }
                answer => answer.map_err(|error| judge(error, self.patience, Utc::now()))?,
            };
            if let Some(pause) = page.quota.and_then(|quota| exhausted(quota, Utc::now())) {
                *self.spent.lock().unwrap_or_else(PoisonError::into_inner) = Some(pause);
            }
            let has_gap = page.is_empty() && kept.rows < page.row_count;
            if has_gap || kept.of.is_some_and(|of| of != page.row_count) {
                // Google counted anew between two pages: they are no pages of one report.
                let name = asked.name.clone();
                self.on_disk(move |pages| Ok(pages.forget(&name)?)).await?;
                kept = Kept::default();
                restarts += 1;
                if restarts > RESTARTS {
                    let what = format!("the report {} of {} changes while it is read", asked.name, self.day);
                    return Err(self.patience.again(what));
                }
                continue;
            }
            let question = asked.clone();
            kept = self.on_disk(move |pages| Ok(pages.keep(&question, kept, &page)?)).await?;
        }
        let read = self.on_disk(move |pages| {
            let mut events = 0i64;
            pages.each(&asked.name, |row| {
                let count: i64 = row.metrics.first().and_then(|count| count.parse().ok()).unwrap_or_default();
                events = events.saturating_add(count);
                Ok(())
            })?;
            Ok(Fetched { about: pages.about(&asked.name)?, rows: kept.rows, events })
        });
        read.await
    }

    /// What came is kept; asking on would be refused.
    fn not_while_spent(&self) -> Result<(), SourceError> {
        let spent = self.spent.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match spent.filter(|pause| pause.until > Utc::now()) {
            Some(pause) => Err(pause.into()),
            None => Ok(()),
        }
    }

    /// A page is megabytes: it is written and read where nobody else waits.
    async fn on_disk<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Pages) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let pages = self.pages.clone();
        let done = tokio::task::spawn_blocking(move || work(&pages));
        done.await.map_err(|error| SourceError::Failed(error.into()))?
    }
}
