//! What a job found while reading, said to the person who looks at it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::job::JobRow;
use crate::sources::{Found, Parsed, Warning};

/// What reading all units found, for the warnings of the job.
#[derive(Default)]
pub struct Summary {
    warnings: Vec<String>,
    foreign_amounts: u64,
    outside: u64,
    rows: u64,
    days: BTreeSet<NaiveDate>,
    /// What was said of single days.
    said: BTreeMap<String, OfDays>,
}

/// Which days something was said of; with the detail of the newest one that has any.
#[derive(Default)]
struct OfDays {
    days: BTreeSet<NaiveDate>,
    newest: Option<(NaiveDate, String)>,
}

impl Summary {
    /// Adds a unit of several days.
    pub fn add(&mut self, parsed: &Parsed) {
        let Found { rows, outside, foreign_amounts, malformed, warnings } = parsed.found();
        let warnings = warnings.into_iter().map(|Warning { text, detail }| match detail {
            Some(detail) => format!("{text} ({detail})"),
            None => text,
        });
        self.warnings.extend(malformed.into_iter().chain(warnings));
        self.count(rows, outside, foreign_amounts);
        self.days.extend(parsed.days.keys());
    }

    /// Adds what was noted of a day; to be called with the newest day first.
    pub fn add_day(&mut self, day: NaiveDate, found: Found) {
        let Found { rows, outside, foreign_amounts, malformed, warnings } = found;
        self.warnings.extend(malformed);
        for Warning { text, detail } in warnings {
            let OfDays { days, newest } = self.said.entry(text).or_default();
            days.insert(day);
            if newest.is_none() {
                *newest = detail.map(|detail| (day, detail));
            }
        }
        self.count(rows, outside, foreign_amounts);
    }

    fn count(&mut self, rows: u64, outside: u64, foreign_amounts: u64) {
        self.rows += rows;
        self.outside += outside;
        self.foreign_amounts += foreign_amounts;
    }

    /// What the person who reads the job should know although it went well.
    pub fn warnings(self, row: &JobRow, currency: &str) -> Vec<String> {
        let mut warnings = self.warnings;
        for (text, OfDays { days, newest }) in self.said {
            let (Some(first), Some(last)) = (days.first(), days.last()) else { continue };
            warnings.push(match (days.len(), newest) {
                (1, None) => format!("{first}: {text}"),
                (1, Some((_, detail))) => format!("{first}: {text} ({detail})"),
                (n, None) => format!("{n} days, {first} to {last}: {text}"),
                (n, Some((day, detail))) => format!("{n} days, {first} to {last}: {text} ({detail} on {day})"),
            });
        }
        if self.foreign_amounts > 0 {
            warnings.push(format!(
                "{} events have amounts in another currency than {currency}, which add nothing",
                self.foreign_amounts
            ));
        }
        let in_files = row.origin == "folder" && row.wants("events");
        if let Some((from, to)) = row.range().filter(|_| in_files) {
            let missing = from.iter_days().take_while(|day| *day <= to).filter(|day| !self.days.contains(day));
            let missing: Vec<String> = missing.map(|day| day.to_string()).collect();
            if let [first, .., last] = missing.as_slice() {
                warnings.push(format!("{} days have no rows in the folder, from {first} to {last}", missing.len()));
            } else if let [day] = missing.as_slice() {
                warnings.push(format!("{day} has no rows in the folder"));
            }
        } else if self.outside > 0 {
            warnings.push(format!("{} of {} rows are of other days", self.outside, self.rows));
        }
        warnings
    }
}
