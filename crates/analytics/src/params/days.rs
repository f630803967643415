//! Ranges of days: both ends or none, in order, and no longer than somebody reads.

use chrono::{Months, NaiveDate};

use super::Params;

/// The longest range, in months.
const LONGEST: Months = Months::new(120);

/// A range of days, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Days {
    pub(crate) first: NaiveDate,
    pub(crate) last: NaiveDate,
}

impl Days {
    /// How many days these are.
    pub(crate) fn count(self) -> i64 {
        (self.last - self.first).num_days() + 1
    }
}

impl Params {
    /// `start_date` and `end_date`; none where neither is given or where they make no range.
    pub(crate) fn days(&mut self) -> Option<Days> {
        let given = |params: &Self, field: &str| params.pairs.iter().any(|(name, _)| name == field);
        match (given(self, "start_date"), given(self, "end_date")) {
            (true, false) => self.refuse("end_date", "is missing: a range has a start and an end"),
            (false, true) => self.refuse("start_date", "is missing: a range has a start and an end"),
            _ => {}
        }
        let (first, last) = (self.day("start_date"), self.day("end_date"));
        let days = Days { first: first?, last: last? };
        if days.last < days.first {
            self.refuse("end_date", "is before start_date");
            return None;
        }
        if days.first.checked_add_months(LONGEST).is_some_and(|end| days.last >= end) {
            self.refuse("end_date", "is more than ten years after start_date");
            return None;
        }
        Some(days)
    }

    /// A day that must be there; `None`, with a fault noted, where it is not.
    pub(crate) fn needed_day(&mut self, field: &str) -> Option<NaiveDate> {
        let text = self.needed(field);
        if text.is_empty() { None } else { self.checked_day(field, &text) }
    }

    fn day(&mut self, field: &str) -> Option<NaiveDate> {
        let text = self.text(field)?;
        self.checked_day(field, &text)
    }

    fn checked_day(&mut self, field: &str, text: &str) -> Option<NaiveDate> {
        let day = day(text);
        if day.is_none() {
            self.refuse(field, "is not a day that exists, as YYYY-MM-DD");
        }
        day
    }
}

/// Whether it is a day that exists, as YYYY-MM-DD.
pub(crate) fn is_day(text: &str) -> bool {
    day(text).is_some()
}

/// A day in exactly this form: chrono alone would take `2026-1-5` and `+2026-01-05` as well.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(place, byte)| match place {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if shaped { text.parse().ok() } else { None }
}
