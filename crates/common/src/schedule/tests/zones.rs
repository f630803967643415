//! Every time zone there is, over the days on which its clocks change, against an oracle that looks at each minute.
//!
//! The oracle knows nothing of gaps and repetitions. A line that names its hours comes when the clocks reach its time for the
//! first time, whether they walk or jump there; a line for every hour comes whenever the clocks show its time.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};
use proptest::prelude::*;

use super::{super::Schedule, instant};

/// Fixed times in and around the usual gaps and repeated hours, several hours, steps, days of the week, of the month and
/// both, and every hour.
const LINES: &[&str] = &[
    "0 0 * * *", "30 0 * * *", "59 23 * * *", "0 1 * * *", "30 1 * * *", "0 2 * * *", "15 2 * * *", "59 2 * * *",
    "0 3 * * *", "30 4 * * *", "45 12 * * *", "30 1,2 * * *", "0,30 0-4 * * *", "10 */6 * * *", "*/20 1-3 * * *",
    "30 2 * * 0", "30 1 * * 6,0", "0 2 * * 1-5", "30 0 29-31 3,10 *", "0 3 1 * *", "15 2 L * *", "30 2 25 * 0",
    "0 * * * *", "30 * * * *", "*/20 * * * *", "5 * * * 0",
];

/// One line, read without the crate under test.
struct Line {
    /// By minute of the day.
    times: Vec<bool>,
    days: Option<Vec<u32>>,
    is_last_day: bool,
    months: Vec<u32>,
    weekdays: Option<Vec<u32>>,
    is_hourly: bool,
}

fn numbers(field: &str, range: std::ops::RangeInclusive<u32>) -> Vec<u32> {
    field
        .split(',')
        .flat_map(|part| {
            let (span, step) = part.split_once('/').unwrap_or((part, "1"));
            let (from, to) = match span.split_once('-') {
                _ if span == "*" => (*range.start(), *range.end()),
                Some((from, to)) => (from.parse().unwrap(), to.parse().unwrap()),
                None => (span.parse().unwrap(), span.parse().unwrap()),
            };
            (from..=to).step_by(step.parse().unwrap())
        })
        .collect()
}

impl Line {
    fn read(cron: &str) -> Self {
        let fields: Vec<&str> = cron.split(' ').collect();
        let [minutes, hours] = [(fields[0], 59), (fields[1], 23)].map(|(field, most)| numbers(field, 0..=most));
        let named = |field: &str, range| (field != "*").then(|| numbers(field, range));
        Self {
            times: (0..24 * 60).map(|at| hours.contains(&(at / 60)) && minutes.contains(&(at % 60))).collect(),
            days: if fields[2] == "L" { Some(Vec::new()) } else { named(fields[2], 1..=31) },
            is_last_day: fields[2] == "L",
            months: numbers(fields[3], 1..=12),
            weekdays: named(fields[4], 0..=6),
            is_hourly: hours.len() == 24,
        }
    }

    fn has_day(&self, day: NaiveDate) -> bool {
        let is_last = (day + Days::new(1)).month() != day.month();
        let of_month = self.days.as_ref().map(|days| days.contains(&day.day()) || self.is_last_day && is_last);
        let of_week = self.weekdays.as_ref().map(|days| days.contains(&day.weekday().num_days_from_sunday()));
        // Cron's own rule: with both named, either will do.
        let fits = match (of_month, of_week) {
            (Some(of_month), Some(of_week)) => of_month || of_week,
            (one, other) => one.or(other).unwrap_or(true),
        };
        fits && self.months.contains(&day.month())
    }

    fn has(&self, shown: NaiveDateTime) -> bool {
        self.times[(shown.hour() * 60 + shown.minute()) as usize] && self.has_day(shown.date())
    }
}

/// What the clocks of a zone show, minute by minute.
struct Clocks {
    start: DateTime<Utc>,
    shown: Vec<NaiveDateTime>,
}

impl Clocks {
    fn watch(zone: Tz, start: DateTime<Utc>, minutes: usize) -> Self {
        let mut shown = Vec::with_capacity(minutes);
        let mut at = start;
        for _ in 0..minutes {
            shown.push(at.with_timezone(&zone).naive_local());
            at += TimeDelta::minutes(1);
        }
        Self { start, shown }
    }

    /// Every moment at which the line comes, but for those that were reached before the watch began.
    fn moments(&self, line: &Line) -> Vec<DateTime<Utc>> {
        let at = |minute: usize| self.start + TimeDelta::minutes(i64::try_from(minute).unwrap());
        if line.is_hourly {
            return (0..self.shown.len()).filter(|minute| line.has(self.shown[*minute])).map(at).collect();
        }
        // Every minute of the calendar is reached once: when the clocks show it, or have jumped over it.
        let mut moments = Vec::new();
        let mut reached = self.shown[0];
        for (minute, shown) in self.shown.iter().enumerate().skip(1) {
            let mut comes = false;
            while reached < *shown {
                reached += TimeDelta::minutes(1);
                comes |= line.has(reached);
            }
            if comes {
                moments.push(at(minute));
            }
        }
        moments
    }
}

/// A change of a zone's clocks: the first moment of the new offset, and both offsets in seconds.
type Change = (DateTime<Utc>, i32, i32);

/// The changes of a zone's clocks, found by looking at its offset every day.
fn changes(zone: Tz, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Change> {
    let offset = |at: DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc();
    let mut changes = Vec::new();
    let mut at = from;
    let mut before = offset(at);
    while at < to {
        let next = at + TimeDelta::days(1);
        let after = offset(next);
        if after != before {
            let (mut old, mut new) = (at, next);
            while new - old > TimeDelta::minutes(1) {
                let middle = old + TimeDelta::minutes((new - old).num_minutes() / 2);
                if offset(middle) == before { old = middle } else { new = middle }
            }
            changes.push((new, before, after));
        }
        (at, before) = (next, after);
    }
    changes
}

fn check(schedule: &Schedule, zone: Tz, from: DateTime<Utc>, moments: &[DateTime<Utc>], to: DateTime<Utc>) {
    let expected = moments.iter().copied().find(|moment| *moment > from);
    let next = schedule.next_after(from, zone);
    match expected {
        Some(_) => assert_eq!(next, expected, "`{schedule}` in {zone} after {from}"),
        None => assert!(next.is_none_or(|next| next > to), "`{schedule}` in {zone} after {from} gives {next:?}"),
    }
}

#[test]
fn every_zone_on_the_days_its_clocks_change() {
    let (from, to) = (instant("2024-01-01T00:00:00Z"), instant("2029-01-01T00:00:00Z"));
    // Zones whose clocks go alike are looked at once.
    let mut alike: BTreeMap<(i32, Vec<Change>), Vec<Tz>> = BTreeMap::new();
    for zone in TZ_VARIANTS {
        let offset = zone.offset_from_utc_datetime(&from.naive_utc()).fix().local_minus_utc();
        alike.entry((offset, changes(zone, from, to))).or_default().push(zone);
    }
    let lines: Vec<(Schedule, Line)> =
        LINES.iter().map(|cron| (Schedule::parse(cron).unwrap(), Line::read(cron))).collect();
    let (mut days, mut asked) = (BTreeSet::new(), 0u32);
    for ((_, changes), zones) in &alike {
        let zone = zones[0];
        // A zone whose clocks never change has days as well.
        let quiet = instant("2026-06-14T12:00:00Z");
        let days_looked_at =
            if changes.is_empty() { vec![quiet] } else { changes.iter().map(|change| change.0).collect() };
        for day in days_looked_at {
            days.insert((zone.name(), day));
            let start = day - TimeDelta::hours(36);
            let clocks = Clocks::watch(zone, start, 72 * 60);
            let end = start + TimeDelta::hours(72) - TimeDelta::minutes(1);
            // The day before is watched, so that what the clocks reach twice is known to have been reached.
            let first = start + TimeDelta::hours(26);
            for (schedule, line) in &lines {
                let moments = clocks.moments(line);
                let mut from = first;
                while from < end {
                    check(schedule, zone, from, &moments, end);
                    asked += 1;
                    // From each run to the next one, and a moment before it.
                    let Some(next) = moments.iter().copied().find(|moment| *moment > from) else { break };
                    from = next;
                }
                check(schedule, zone, day - TimeDelta::milliseconds(1), &moments, end);
                check(schedule, zone, day + TimeDelta::seconds(1), &moments, end);
            }
        }
    }
    println!("{} zones with {} kinds of clocks, {} days, {asked} runs", TZ_VARIANTS.len(), alike.len(), days.len());
    assert_eq!(alike.values().map(Vec::len).sum::<usize>(), TZ_VARIANTS.len());
    assert!(days.len() > 300 && asked > 20_000, "{} days, {asked} runs", days.len());
}

/// A field of a line that is no star.
fn listed(range: std::ops::RangeInclusive<u32>, most: usize) -> impl Strategy<Value = String> {
    prop::collection::btree_set(range, 1..=most)
        .prop_map(|values| values.iter().map(u32::to_string).collect::<Vec<_>>().join(","))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Any zone, any moment since offsets have no seconds in them, any line that comes at least once a week.
    #[test]
    fn any_zone_at_any_time(
        zone in prop::sample::select(TZ_VARIANTS.to_vec()),
        start in 157_766_400i64..2_145_916_800,
        minutes in prop_oneof![listed(0..=59, 3), Just(String::from("*/15"))],
        hours in prop_oneof![listed(0..=23, 4), Just(String::from("*")), Just(String::from("*/3"))],
        weekdays in prop_oneof![Just(String::from("*")), listed(0..=6, 3)],
    ) {
        let cron = format!("{minutes} {hours} * * {weekdays}");
        let Ok(schedule) = Schedule::parse(&cron) else { return Ok(()) };
        let from = DateTime::from_timestamp(start, 0).unwrap();
        let next = schedule.next_after(from, zone).unwrap();
        prop_assert!(next > from && next - from < TimeDelta::days(9), "`{cron}` in {zone} after {from} gives {next}");
        let begun = DateTime::from_timestamp(start - start.rem_euclid(60), 0).unwrap() - TimeDelta::hours(26);
        let watched = usize::try_from((next - begun).num_minutes()).unwrap() + 1;
        let moments = Clocks::watch(zone, begun, watched).moments(&Line::read(&cron));
        let expected = moments.iter().copied().find(|moment| *moment > from);
        prop_assert_eq!(Some(next), expected, "`{}` in {} after {}", cron, zone, from);
    }
}
