//! A cron line in a tenant's time zone: whether it makes sense, and when it comes next.
//!
//! A line that names its hours runs once for each of them every day, whatever the clocks do: a time that spring skips runs
//! at the first moment after it, a time that autumn repeats runs the first time only. A line for every hour goes by hours
//! that pass.

#[cfg(test)]
mod tests;

use std::{collections::BTreeSet, fmt};

use chrono::{DateTime, Days, LocalResult, NaiveDateTime, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::Tz;
use croner::{
    Cron,
    errors::CronError,
    parser::{CronParser, Seconds, Year},
};

/// Runs may not follow each other faster.
const SHORTEST_PAUSE: TimeDelta = TimeDelta::minutes(5);
/// Most of them in a day, then.
const MOST_A_DAY: usize = 288;
/// The longest time that clocks were ever put forward at once: a day, at the date line.
const LONGEST_GAP: i64 = 26 * 60;

/// When something is done again and again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    text: String,
    cron: Cron,
    every_hour: bool,
}

impl Schedule {
    /// Reads five fields: minute, hour, day of the month, month, day of the week.
    ///
    /// # Errors
    /// What is wrong with the line, in words for who wrote it.
    pub fn parse(cron: &str) -> Result<Self, String> {
        let text = cron.split_whitespace().collect::<Vec<_>>().join(" ");
        let fields = text.split(' ').filter(|field| !field.is_empty()).count();
        if fields != 5 {
            return Err(format!(
                "needs five fields (minute, hour, day of the month, month, day of the week), such as `30 5 * * *`; \
                 this has {fields}"
            ));
        }
        if text.contains('@') {
            return Err(String::from("takes no short names such as @daily; write the five fields"));
        }
        let parser = CronParser::builder().seconds(Seconds::Disallowed).year(Year::Disallowed).build();
        let cron = parser.parse(&text).map_err(|error| unreadable(&error))?;
        let day = a_day_of_it(&cron)
            .ok_or_else(|| String::from("never comes: there is no such day in the calendar, as in `0 0 30 2 *`"))?;
        if is_too_often(&day) {
            return Err(String::from("comes more often than every 5 minutes"));
        }
        let hours: BTreeSet<u32> = day.iter().map(Timelike::hour).collect();
        Ok(Self { text, cron, every_hour: hours.len() == 24 })
    }

    /// The first run after `instant` (never at it), by the clocks of `zone`. `None` in some thousand years.
    #[must_use]
    pub fn next_after(&self, instant: DateTime<Utc>, zone: Tz) -> Option<DateTime<Utc>> {
        let local = instant.with_timezone(&zone);
        if self.every_hour {
            let next = self.cron.find_next_occurrence(&local, false).ok()?;
            return Some(next.with_timezone(&Utc));
        }
        // The calendar first, then the clocks: later times of the calendar are never earlier moments.
        let mut calendar = local.naive_local();
        loop {
            calendar = self.cron.find_next_occurrence(&calendar.and_utc(), false).ok()?.naive_utc();
            let moment = moment(calendar, zone)?;
            if moment > instant {
                return Some(moment);
            }
        }
    }

    /// The line, with single spaces.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// When clocks show this for the first time; where they never do, the first moment after.
fn moment(calendar: NaiveDateTime, zone: Tz) -> Option<DateTime<Utc>> {
    (0..=LONGEST_GAP).find_map(|minutes| {
        match zone.from_local_datetime(&calendar.checked_add_signed(TimeDelta::minutes(minutes))?) {
            LocalResult::Single(moment) | LocalResult::Ambiguous(moment, _) => Some(moment.with_timezone(&Utc)),
            LocalResult::None => None,
        }
    })
}

/// All runs of the first day that has any, in calendar time; at most one more than may be.
fn a_day_of_it(cron: &Cron) -> Option<Vec<NaiveDateTime>> {
    let from = DateTime::<Utc>::default();
    let first = cron.find_next_occurrence(&from, true).ok()?;
    let day = first.date_naive();
    let mut runs = vec![first];
    while runs.len() <= MOST_A_DAY
        && let Some(last) = runs.last()
        && let Ok(next) = cron.find_next_occurrence(last, false)
        && next.date_naive() == day
    {
        runs.push(next);
    }
    Some(runs.iter().map(DateTime::naive_utc).collect())
}

/// The day is taken to follow itself, as it does for all lines but those of single days.
fn is_too_often(day: &[NaiveDateTime]) -> bool {
    let again = day.first().and_then(|first| first.checked_add_days(Days::new(1)));
    let following = day.iter().skip(1).copied().chain(again);
    day.iter().zip(following).any(|(run, next)| next - *run < SHORTEST_PAUSE)
}

fn unreadable(error: &CronError) -> String {
    let reason = match error {
        CronError::InvalidPattern(reason)
        | CronError::IllegalCharacters(reason)
        | CronError::ComponentError(reason) => reason.trim_end_matches('.').to_owned(),
        other => other.to_string(),
    };
    format!("is not a cron line: {reason}")
}
