//! The dashboard's chart: the same figures per period, every period of the range present.

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, Duration, NaiveDate, NaiveDateTime, Timelike};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::event::Kind;
use super::{Oracle, Selection};

/// The length of a chart's periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// local hours
    Hourly,
    /// 00-03, 04-07, … of each day
    FourHours,
    /// 00-11 and 12-23 of each day
    TwelveHours,
    /// days
    Daily,
    /// weeks by the tenant's week start
    Weekly,
    /// calendar months
    Monthly,
}

impl Granularity {
    /// All six.
    pub const ALL: [Self; 6] =
        [Self::Hourly, Self::FourHours, Self::TwelveHours, Self::Daily, Self::Weekly, Self::Monthly];

    /// The name in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hourly => "hourly",
            Self::FourHours => "4hours",
            Self::TwelveHours => "12hours",
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    /// Hours of a period below a day.
    fn hours(self) -> Option<u32> {
        match self {
            Self::Hourly => Some(1),
            Self::FourHours => Some(4),
            Self::TwelveHours => Some(12),
            Self::Daily | Self::Weekly | Self::Monthly => None,
        }
    }
}

/// One element of `chartData`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Period {
    /// the period's first day inside the range
    pub date: NaiveDate,
    /// below daily its local start, `YYYY-MM-DDTHH:00`; else the same as `date`
    pub time: String,
    /// of counted purchases
    pub revenue: Decimal,
    /// counted purchases
    pub purchases: u64,
    /// visits with a page view
    pub visitors: u64,
    /// `add_to_cart` events
    pub carts: u64,
    /// search events, found or not
    pub searches: u64,
}

impl Oracle {
    /// The chart of a selection, oldest period first. The selection's days must be real ones: every period is there.
    #[must_use]
    pub fn chart(&self, selection: &Selection, granularity: Granularity) -> Vec<Period> {
        let mut periods: Vec<Period> = Vec::new();
        for day in days(selection.from, selection.to) {
            let real_hours = self.hours(day);
            for hour in 0..24 {
                let (date, time) = self.period(selection, granularity, day, hour);
                let is_new = periods.last().is_none_or(|last| last.time != time);
                if is_new && (granularity != Granularity::Hourly || real_hours.contains(&hour)) {
                    periods.push(Period {
                        date,
                        time,
                        revenue: Decimal::ZERO,
                        purchases: 0,
                        visitors: 0,
                        carts: 0,
                        searches: 0,
                    });
                }
            }
        }
        let mut add = |day: NaiveDate, timestamp: i64, change: &dyn Fn(&mut Period)| {
            let hour = self.local(timestamp).hour();
            let (_, time) = self.period(selection, granularity, day, hour);
            periods.iter_mut().filter(|period| period.time == time).for_each(change);
        };
        for visit in &self.visits {
            if visit.has_page_view && selection.has(visit.day, visit.branch.as_deref()) {
                add(visit.day, visit.began, &|period| period.visitors += 1);
            }
        }
        for (index, event) in self.events.iter().enumerate() {
            if !selection.has(event.day, self.branch_of(index)) {
                continue;
            }
            match event.kind {
                Some(Kind::Purchase) if self.counted.contains(&index) => {
                    add(event.day, event.timestamp, &|period| {
                        period.purchases += 1;
                        period.revenue += event.revenue.unwrap_or_default();
                    });
                }
                Some(Kind::AddToCart) => {
                    add(event.day, event.timestamp, &|period| period.carts += 1);
                }
                Some(Kind::Search | Kind::FailedSearch) => {
                    add(event.day, event.timestamp, &|period| period.searches += 1);
                }
                _ => {}
            }
        }
        periods
    }

    /// The period that an hour of a day falls into: its first day inside the range, and its name.
    fn period(
        &self,
        selection: &Selection,
        granularity: Granularity,
        day: NaiveDate,
        hour: u32,
    ) -> (NaiveDate, String) {
        if let Some(hours) = granularity.hours() {
            let start = hour / hours * hours;
            return (day, format!("{day}T{start:02}:00"));
        }
        let mut first = day;
        while first > selection.from {
            let begins = match granularity {
                Granularity::Weekly => first.weekday() == self.settings.week_start,
                Granularity::Monthly => first.day() == 1,
                _ => true,
            };
            if begins {
                break;
            }
            first = first - Days::new(1);
        }
        (first, first.to_string())
    }

    /// The wall clock in the tenant's zone.
    fn local(&self, timestamp: i64) -> NaiveDateTime {
        let Some(instant) = DateTime::from_timestamp_micros(timestamp) else {
            panic!("{timestamp} is no instant");
        };
        instant.with_timezone(&self.settings.zone).naive_local()
    }

    /// The hours that the tenant's clock shows on a day: looked for every five minutes around it.
    fn hours(&self, day: NaiveDate) -> BTreeSet<u32> {
        let midnight = day.and_hms_opt(0, 0, 0).unwrap_or_default().and_utc();
        (-24 * 12..48 * 12)
            .map(|step| self.local((midnight + Duration::minutes(5 * step)).timestamp_micros()))
            .filter(|local| local.date() == day)
            .map(|local| local.hour())
            .collect()
    }
}

/// All days from `from` to `to`, both included.
fn days(from: NaiveDate, to: NaiveDate) -> BTreeSet<NaiveDate> {
    from.iter_days().take_while(|day| *day <= to).collect()
}
