//! What a job found while reading, said to the person who looks at it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::job::JobRow;
use super::notes::{DayNotes, malformed};
use crate::sources::{Parsed, Unit, Warning};

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
    /// Adds a unit. What there is to say of a unit that is a day is noted with the day (`DayNotes`).
    pub fn add(&mut self, unit: &Unit, found: &Parsed) {
        if unit.day.is_none() {
            let warnings = malformed(found).chain(found.warnings.iter().cloned());
            self.warnings.extend(warnings.map(|Warning { text, detail }| match detail {
                Some(detail) => format!("{text} ({detail})"),
                None => text,
            }));
            self.foreign_amounts += found.foreign_amounts;
        }
        self.outside += found.files.iter().map(|file| file.outside).sum::<u64>();
        self.rows += found.rows();
        self.days.extend(found.days.keys());
    }

    /// Adds what was noted of a day; to be called with the newest day first.
    pub fn add_notes(&mut self, day: NaiveDate, notes: DayNotes) {
        let DayNotes { warnings, foreign_amounts } = notes;
        for Warning { text, detail } in warnings {
            let OfDays { days, newest } = self.said.entry(text).or_default();
            days.insert(day);
            if newest.is_none() {
                *newest = detail.map(|detail| (day, detail));
            }
        }
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
