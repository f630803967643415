//! Asking for a day's reports: page by page, within the property's quota, and never for what is there already.

use std::sync::Mutex;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;
use google::{AnalyticsData, PropertyQuota, QuotaStatus, ReportRequest};

use super::pages::{About, Kept, Pages};
use super::reports::TableReport;
use super::rows::{ITEM_DIMENSIONS, ITEM_METRICS, ITEMS};
use crate::ga4::{LANDED_EVENTS, MappingSettings};
use crate::sources::{Patience, SourceError};

/// Rows of a page: far below the API's 250,000, so that a page is some ten megabytes.
const PAGE: u64 = 50_000;
/// How often a report that changes while it is read is begun again, within one attempt.
const RESTARTS: u32 = 3;
/// The day's events by name, to hold the reports against.
const TOTALS: &str = "totals";
/// Allowances are counted in California.
const QUOTA_ZONE: Tz = chrono_tz::America::Los_Angeles;

/// Why nothing can be asked for before then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pause {
    pub until: DateTime<Utc>,
    pub reason: String,
}

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
        self.whole(report.name, report.dimension_names(), report.metrics.clone(), Some(report.events.clone())).await
    }

    /// The items of the day's purchases; none when nothing was bought under an id.
    ///
    /// # Errors
    /// As [`Self::report`].
    pub async fn items(&self, reports: &[TableReport]) -> Result<Option<Fetched>, SourceError> {
        let Some(purchases) = reports.iter().find(|report| report.name == "purchase") else { return Ok(None) };
        if self.pages.kept(purchases.name)?.rows == 0 {
            return Ok(None);
        }
        let names = |names: &[&str]| names.iter().copied().map(str::to_owned).collect();
        self.whole(ITEMS, names(&ITEM_DIMENSIONS), names(&ITEM_METRICS), None).await.map(Some)
    }

    /// How many events of each name the day has, without any other dimension: what the reports must add up to.
    ///
    /// # Errors
    /// As [`Self::report`].
    pub async fn totals(&self, settings: &MappingSettings) -> Result<Vec<(String, i64)>, SourceError> {
        let names = LANDED_EVENTS.iter().copied().map(str::to_owned);
        let names = names.chain(settings.failed_search_aliases.iter().cloned()).collect();
        self.whole(TOTALS, vec!["eventName".into()], vec!["eventCount".into()], Some(names)).await?;
        let mut totals = Vec::new();
        let read = self.pages.each(TOTALS, |row| {
            if let ([name], [count]) = (row.dimensions.as_slice(), row.metrics.as_slice()) {
                totals.push((name.clone(), count.parse().unwrap_or_default()));
            }
            Ok(())
        });
        read?;
        Ok(totals)
    }

    async fn whole(
        &self,
        name: &str,
        dimensions: Vec<String>,
        metrics: Vec<String>,
        event_names: Option<Vec<String>>,
    ) -> Result<Fetched, SourceError> {
        let mut restarts = 0;
        loop {
            let kept = self.pages.kept(name)?;
            if kept.of.is_some_and(|of| kept.rows >= of) {
                break;
            }
            let request = ReportRequest {
                date: self.day,
                dimensions: dimensions.clone(),
                metrics: metrics.clone(),
                event_names: event_names.clone(),
                limit: PAGE,
                offset: kept.rows,
            };
            // What came is kept; asking on would be refused.
            if let Some(pause) = self.spent.lock().ok().and_then(|spent| spent.clone())
                && pause.until > Utc::now()
            {
                return Err(SourceError::Wait { until: pause.until, reason: pause.reason, fault: false });
            }
            let report = self.client.run_report(&request).await.map_err(|error| self.patience.judge(error))?;
            let quota = report.quota;
            if changed(kept, report.row_count, report.rows.is_empty()) {
                // Google counted anew between two pages: they are no pages of one report.
                self.pages.forget(name)?;
                restarts += 1;
                if restarts > RESTARTS {
                    return Err(self.patience.again(format!("{}: the report changes while it is read", self.day)));
                }
                continue;
            }
            let over = report.rows.is_empty() || kept.rows + report.rows.len() as u64 >= report.row_count;
            self.pages.keep(name, kept.pages, report)?;
            if let Some(pause) = quota.and_then(|quota| exhausted(quota, Utc::now()))
                && let Ok(mut spent) = self.spent.lock()
            {
                *spent = Some(pause);
            }
            if over {
                break;
            }
        }
        let kept = self.pages.kept(name)?;
        let mut events = 0i64;
        self.pages.each(name, |row| {
            events += row.metrics.first().and_then(|count| count.parse::<i64>().ok()).unwrap_or_default();
            Ok(())
        })?;
        Ok(Fetched { about: self.pages.about(name)?, rows: kept.rows, events })
    }
}

fn changed(kept: Kept, row_count: u64, empty: bool) -> bool {
    kept.of.is_some_and(|of| of != row_count || empty)
}

/// Whether a next request like the last one would be refused, and until when.
fn exhausted(quota: PropertyQuota, now: DateTime<Utc>) -> Option<Pause> {
    let PropertyQuota { tokens_per_day, tokens_per_hour, tokens_per_project_per_hour, .. } = quota;
    let used_up = |status: Option<QuotaStatus>| status.is_some_and(|s| s.remaining < s.consumed.max(1));
    if used_up(tokens_per_day) {
        let reason = "the property's tokens of the day are used up; they return at midnight in California".into();
        return Some(Pause { until: quota_midnight(now), reason });
    }
    if used_up(tokens_per_hour) || used_up(tokens_per_project_per_hour) {
        let reason = "the property's tokens of the hour are used up; they return within the hour".into();
        let next = now.with_minute(0).and_then(|t| t.with_second(0)).unwrap_or(now) + TimeDelta::minutes(61);
        return Some(Pause { until: next, reason });
    }
    None
}

/// A minute after the next midnight where allowances are counted.
fn quota_midnight(now: DateTime<Utc>) -> DateTime<Utc> {
    let tomorrow = now.with_timezone(&QUOTA_ZONE).date_naive() + Days::new(1);
    let midnight = tomorrow.and_hms_opt(0, 1, 0).and_then(|t| t.and_local_timezone(QUOTA_ZONE).earliest());
    midnight.map_or(now + TimeDelta::hours(24), |t| t.with_timezone(&Utc))
}

/// What Google said of the figures, for the person who reads the job. The day is told by who collects them.
pub fn warnings(
    reports: &[TableReport],
    fetched: &[Fetched],
    totals: &[(String, i64)],
    property: Option<Tz>,
    tenant: Tz,
) -> Vec<String> {
    let mut warnings = Vec::new();
    if let Some(zone) = property.filter(|zone| *zone != tenant) {
        warnings.push(format!("the property counts its days in {zone}, this tenant in {tenant}"));
    }
    if fetched.iter().all(|report| report.rows == 0) {
        let reason = fetched.iter().find_map(|report| report.about.empty_reason.clone());
        warnings.push(match reason {
            Some(reason) => format!("all reports are empty: Google gives the reason {reason}"),
            None => "all reports are empty".into(),
        });
    }
    for (report, Fetched { about, events, .. }) in reports.iter().zip(fetched) {
        let name = report.name;
        if about.other_row {
            warnings.push(format!("{name}: Google folded rows into (other), which have no page, term or user"));
        }
        if let Some((read, of)) = about.sampled {
            warnings.push(format!("{name}: Google counted a sample, {read} of {of} events"));
        }
        if about.thresholded {
            warnings.push(format!("{name}: Google left out rows of few people (thresholding)"));
        }
        if about.restricted {
            warnings.push(format!("{name}: some figures are zero because the service account may not see them"));
        }
        for reason in &about.truncation {
            warnings.push(format!("{name}: Google left rows out ({reason})"));
        }
        let expected: i64 =
            totals.iter().filter(|(event, _)| report.events.contains(event)).map(|(_, count)| count).sum();
        if *events != expected {
            warnings.push(format!("{name}: the report adds up to {events} events, the day has {expected}"));
        }
    }
    warnings
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};
    use google::{PropertyQuota, QuotaStatus};

    use super::{exhausted, quota_midnight};

    #[test]
    fn a_day_of_quota_ends_at_midnight_in_california() {
        // 23:30 on 10 March 2026 there, daylight saving time since the 8th.
        let now = Utc.with_ymd_and_hms(2026, 3, 11, 6, 30, 0).unwrap();
        assert_eq!(quota_midnight(now), Utc.with_ymd_and_hms(2026, 3, 11, 7, 1, 0).unwrap());
        let winter = Utc.with_ymd_and_hms(2026, 1, 11, 9, 0, 0).unwrap();
        assert_eq!(quota_midnight(winter), Utc.with_ymd_and_hms(2026, 1, 12, 8, 1, 0).unwrap());
    }

    #[test]
    fn an_hour_of_quota_ends_with_the_hour() {
        let now = Utc.with_ymd_and_hms(2026, 1, 11, 9, 20, 0).unwrap();
        let left = |consumed, remaining| PropertyQuota {
            tokens_per_hour: Some(QuotaStatus { consumed, remaining }),
            ..PropertyQuota::default()
        };
        assert!(exhausted(left(4, 4), now).is_none());
        let pause = exhausted(left(4, 3), now).unwrap();
        assert_eq!(pause.until, Utc.with_ymd_and_hms(2026, 1, 11, 10, 1, 0).unwrap());
    }
}
