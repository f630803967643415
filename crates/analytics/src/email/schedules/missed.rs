//! Runs that are noticed too late: which they are, and where the schedule goes on.

use chrono::{DateTime, TimeDelta, Utc};

use super::stored::Clock;

/// Missed runs that get a row each; the last of these tells how many more there were.
const MOST_ROWS: usize = 20;
/// Missed runs that are counted.
const MOST_COUNTED: usize = 5000;

/// Runs of a schedule that nobody noticed in time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Missed {
    /// The first of them, at most [`MOST_ROWS`].
    pub(super) noted: Vec<DateTime<Utc>>,
    /// How many more there were.
    pub(super) more: usize,
    /// Whether there may be even more.
    pub(super) is_cut: bool,
    /// The first time that is not too late.
    pub(super) next: Option<DateTime<Utc>>,
}

/// The runs from `first` on that are more than `window` ago.
pub(super) fn missed(clock: &Clock, first: DateTime<Utc>, now: DateTime<Utc>, window: TimeDelta) -> Missed {
    let alive = now - window;
    let mut found = Missed { noted: Vec::new(), more: 0, is_cut: false, next: Some(first) };
    while let Some(due_at) = found.next.filter(|due_at| *due_at < alive) {
        if found.noted.len() < MOST_ROWS {
            found.noted.push(due_at);
        } else if found.more < MOST_COUNTED {
            found.more += 1;
        } else {
            found.is_cut = true;
            // Never at the instant itself, hence the moment before.
            found.next = clock.next_after(alive - TimeDelta::microseconds(1));
            break;
        }
        found.next = clock.next_after(due_at);
    }
    found
}

impl Missed {
    /// What the rows say, each with its time.
    pub(super) fn messages(&self, clock: &Clock, now: DateTime<Utc>, window: TimeDelta) -> Vec<String> {
        let last = self.noted.len().saturating_sub(1);
        let noticed = clock.show(now);
        let message = |n: usize| {
            let mut text = format!(
                "It was noticed at {noticed} only, more than its window of {} minutes late, and was not sent.",
                window.num_minutes()
            );
            if n == last && self.more > 0 {
                let at_least = if self.is_cut { "at least " } else { "" };
                text.push_str(&format!(" So were {at_least}{} runs after it, which have no row.", self.more));
            }
            text
        };
        (0..self.noted.len()).map(message).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono_tz::America::New_York;

    use super::super::stored::{StoredSchedule, WithoutData};
    use super::*;

    fn clock(cron: &str) -> Clock {
        let stored = StoredSchedule {
            schedule_id: common::ids::ScheduleId::generate(),
            name: None,
            cron: cron.to_owned(),
            time_zone: None,
            branch_codes: None,
            is_enabled: true,
            days_back: 1,
            wait_minutes: 0,
            without_data: WithoutData::Skip,
            window_minutes: 120,
            next_run_at: None,
        };
        stored.clock(New_York).unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_inside_the_window_is_not_missed() {
        let (clock, window) = (clock("0 6 * * *"), TimeDelta::minutes(120));
        let first = at("2026-01-05T11:00:00Z");
        let at_its_end = missed(&clock, first, first + window, window);
        assert_eq!((at_its_end.noted, at_its_end.next), (vec![], Some(first)));
        let past_it = missed(&clock, first, first + window + TimeDelta::microseconds(1), window);
        assert_eq!((past_it.noted, past_it.next), (vec![first], Some(first + TimeDelta::days(1))));
    }

    #[test]
    fn a_long_pause_gives_rows_for_the_first_and_a_number_for_the_rest() {
        let (clock, window) = (clock("0 6 * * *"), TimeDelta::minutes(120));
        let first = at("2026-05-01T10:00:00Z");
        let found = missed(&clock, first, first + TimeDelta::days(50) + TimeDelta::hours(1), window);
        assert_eq!((found.noted.len(), found.more, found.is_cut), (20, 30, false));
        assert_eq!(found.next, Some(first + TimeDelta::days(50)));
        let messages = found.messages(&clock, first, window);
        assert!(messages[19].contains("So were 30 runs after it"), "{}", messages[19]);
        assert!(messages[18].ends_with("was not sent."), "{}", messages[18]);
    }

    #[test]
    fn a_pause_of_years_is_not_counted_to_its_end() {
        let (clock, window) = (clock("*/5 * * * *"), TimeDelta::minutes(5));
        let first = at("2024-01-01T00:00:00Z");
        let now = at("2026-01-01T00:02:00Z");
        let found = missed(&clock, first, now, window);
        assert_eq!((found.noted.len(), found.more, found.is_cut), (20, MOST_COUNTED, true));
        assert_eq!(found.next, Some(at("2026-01-01T00:00:00Z")));
        assert!(found.messages(&clock, now, window)[19].contains("at least 5000"));
    }
}
