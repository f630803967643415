//! What a person should know of a day's figures: how Google's differ from what happened, and from what is shown.

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;

use super::clocks::is_same_clock;
use super::fetch::Fetched;
use super::reports::TableReport;
use crate::ga4::real_text;
use crate::sources::Warning;

/// A day's reports, whole.
pub struct Read<'a> {
    pub day: NaiveDate,
    pub reports: &'a [TableReport],
    /// In the order of `reports`.
    pub fetched: &'a [Fetched],
    pub items: Option<&'a Fetched>,
    /// Events by name.
    pub totals: &'a [(String, i64)],
    /// The tenant's zone.
    pub zone: Tz,
    /// The day is over by the property's clocks.
    pub is_over: bool,
}

impl Read<'_> {
    /// Events that the reports hold.
    pub fn events(&self) -> i64 {
        self.fetched.iter().map(|report| report.events).sum()
    }

    /// Events that the day has.
    pub fn of(&self) -> i64 {
        self.totals.iter().map(|(_, events)| events).sum()
    }

    /// Why there is nothing, in Google's words.
    pub fn empty_reason(&self) -> Option<String> {
        self.fetched.iter().find_map(|report| report.about.empty_reason.clone())
    }

    /// The property's zone, as Google names it.
    pub fn zone_name(&self) -> Option<&str> {
        self.fetched.iter().find_map(|report| report.about.time_zone.as_deref())
    }

    /// What Google said of the figures. The day is told by who collects them.
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings: Vec<Warning> = self.clocks().into_iter().collect();
        for (name, Fetched { about, .. }) in self.named() {
            if about.other_row {
                let what = "Google folded rows into (other), which have no page, term or user";
                warnings.push(Warning::new(format!("{name}: {what}")));
            }
            if let Some((read, of)) = about.sampled {
                let warning = Warning::new(format!("{name}: Google counted a sample of the events"));
                warnings.push(warning.detail(format!("{read} of {of}")));
            }
            if about.thresholded {
                warnings.push(Warning::new(format!("{name}: Google left out rows of few people (thresholding)")));
            }
            if about.restricted {
                let what = "some figures are zero because the service account may not see them";
                warnings.push(Warning::new(format!("{name}: {what}")));
            }
            for reason in &about.truncation {
                warnings.push(Warning::new(format!("{name}: Google left rows out ({reason})")));
            }
        }
        // Of a day that goes on there are more events with every request; and names that were folded tell nothing of one.
        let comparable = self.is_over && self.totals.iter().all(|(event, _)| real_text(event).is_some());
        for (report, fetched) in self.reports.iter().zip(self.fetched).filter(|_| comparable) {
            let own = self.totals.iter().filter(|(event, _)| report.events.contains(event));
            let expected: i64 = own.map(|(_, count)| count).sum();
            if fetched.events != expected {
                let warning = Warning::new(format!("{}: the report does not add up to the day's events", report.name));
                warnings.push(warning.detail(format!("{} of {expected}", fetched.events)));
            }
        }
        warnings
    }

    fn named(&self) -> impl Iterator<Item = (&str, &Fetched)> {
        let tables = self.reports.iter().map(|report| report.name).zip(self.fetched);
        tables.chain(self.items.map(|items| ("items of purchases", items)))
    }

    fn clocks(&self) -> Option<Warning> {
        let name = self.zone_name()?;
        let tenant = self.zone;
        match name.parse::<Tz>() {
            Ok(zone) if is_same_clock(zone, tenant, self.day.and_time(NaiveTime::MIN).and_utc()) => None,
            Ok(zone) => Some(Warning::new(format!(
                "the property counts its days in {zone}, this tenant in {tenant}: events near midnight stand on another \
                 day than their hour says"
            ))),
            Err(_) => Some(Warning::new(format!(
                "the property counts its days in {name}, which is not known here: its hours are taken for {tenant}"
            ))),
        }
    }
}
