//! Schedules against the calendar, the clocks, and a search minute by minute.

mod zones;

use chrono::{DateTime, Datelike, TimeDelta, TimeZone, Timelike, Utc};
use chrono_tz::{
    Africa::Cairo, America::New_York, Asia::Kolkata, Australia::Lord_Howe, Europe::Berlin, Pacific::Apia, Tz,
};
use proptest::prelude::*;

use super::Schedule;

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The runs after `from`, as the clocks of the zone show them.
fn runs(cron: &str, zone: Tz, from: &str, count: usize) -> Vec<String> {
    let schedule = Schedule::parse(cron).unwrap();
    let mut at = instant(from);
    (0..count)
        .map(|_| {
            at = schedule.next_after(at, zone).unwrap();
            at.with_timezone(&zone).format("%m-%d %H:%M %:z").to_string()
        })
        .collect()
}

fn fault(cron: &str) -> String {
    Schedule::parse(cron).unwrap_err()
}

#[test]
fn a_line_has_five_fields_that_mean_something() {
    for (cron, fields) in [("", 0), ("30 5 * *", 4), ("0 30 5 * * *", 6), ("0 30 5 * * * 2026", 7), ("@daily", 1)] {
        assert!(fault(cron).contains(&format!("this has {fields}")), "{}", fault(cron));
    }
    for cron in
        ["60 5 * * *", "0 24 * * *", "0 5 0 * *", "0 5 * 13 *", "0 5 * * 8", "a b c d e", "0 5 * * MOO", "-1 5 * * *"]
    {
        assert!(fault(cron).starts_with("is not a cron line: "), "{cron}: {}", fault(cron));
    }
    assert!(fault("0 0 @daily * *").contains("short names"));
    assert_eq!(Schedule::parse("  30   5 * * mon-fri ").unwrap().to_string(), "30 5 * * mon-fri");
}

#[test]
fn what_never_comes_is_refused() {
    for cron in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *"] {
        assert!(fault(cron).starts_with("never comes"), "{cron}: {}", fault(cron));
    }
    // A leap day comes, and so do the Mondays beside a day that does not.
    assert_eq!(runs("0 0 29 2 *", Tz::UTC, "2026-03-01T00:00:00Z", 1), ["02-29 00:00 +00:00"]);
    assert_eq!(runs("0 0 30 2 mon", Tz::UTC, "2026-02-01T00:00:00Z", 2), ["02-02 00:00 +00:00", "02-09 00:00 +00:00"]);
}

#[test]
fn more_often_than_every_five_minutes_is_refused() {
    for cron in ["* * * * *", "*/4 * * * *", "0,3 5 * * *", "58,2 * * * *", "1,59 0,23 * * *", "*/7 * * * *"] {
        assert_eq!(fault(cron), "comes more often than every 5 minutes", "{cron}");
    }
    for cron in ["*/5 * * * *", "0,5 5 * * *", "57,2 * * * *", "0,55 0,23 * * *", "59 23 * * *"] {
        Schedule::parse(cron).unwrap();
    }
}

#[test]
fn month_ends_and_leap_years() {
    assert_eq!(
        runs("0 6 31 * *", Tz::UTC, "2026-01-31T06:00:00Z", 3),
        ["03-31 06:00 +00:00", "05-31 06:00 +00:00", "07-31 06:00 +00:00"]
    );
    assert_eq!(
        runs("0 6 L * *", Tz::UTC, "2027-12-31T06:00:00Z", 3),
        ["01-31 06:00 +00:00", "02-29 06:00 +00:00", "03-31 06:00 +00:00"]
    );
    assert_eq!(runs("0 6 29 2 *", Tz::UTC, "2024-02-29T06:00:00Z", 1), ["02-29 06:00 +00:00"]);
    assert_eq!(
        Schedule::parse("0 6 29 2 *").unwrap().next_after(instant("2096-03-01T00:00:00Z"), Tz::UTC),
        Some(instant("2104-02-29T06:00:00Z"))
    );
}

#[test]
fn clocks_put_forward_skip_no_run() {
    // New York, 8 March 2026: 02:00 is 03:00.
    assert_eq!(runs("30 2 * * *", New_York, "2026-03-07T12:00:00Z", 2), ["03-08 03:00 -04:00", "03-09 02:30 -04:00"]);
    // Named twice a day, it is the same.
    assert_eq!(
        runs("30 2,14 * * *", New_York, "2026-03-07T12:00:00Z", 4),
        ["03-07 14:30 -05:00", "03-08 03:00 -04:00", "03-08 14:30 -04:00", "03-09 02:30 -04:00"]
    );
    // Times that fall on the same moment are one run.
    assert_eq!(
        runs("0,30 2,3 * * *", New_York, "2026-03-08T05:00:00Z", 3),
        ["03-08 03:00 -04:00", "03-08 03:30 -04:00", "03-09 02:00 -04:00"]
    );
    // Berlin, 29 March 2026: 02:00 is 03:00.
    assert_eq!(runs("30 2 * * *", Berlin, "2026-03-28T12:00:00Z", 2), ["03-29 03:00 +02:00", "03-30 02:30 +02:00"]);
    // Midnight itself is skipped in Cairo, half an hour on Lord Howe, and was a whole day in Apia.
    assert_eq!(runs("0 0 * * *", Cairo, "2026-04-23T12:00:00Z", 2), ["04-24 01:00 +03:00", "04-25 00:00 +03:00"]);
    assert_eq!(runs("15 2 * * *", Lord_Howe, "2026-10-03T00:00:00Z", 2), ["10-04 02:30 +11:00", "10-05 02:15 +11:00"]);
    assert_eq!(runs("30 5 * * *", Apia, "2011-12-29T20:00:00Z", 2), ["12-31 00:00 +14:00", "12-31 05:30 +14:00"]);
}

#[test]
fn clocks_put_back_repeat_no_run() {
    // New York, 1 November 2026: 01:00 to 02:00 comes twice.
    assert_eq!(runs("30 1 * * *", New_York, "2026-10-31T12:00:00Z", 2), ["11-01 01:30 -04:00", "11-02 01:30 -05:00"]);
    assert_eq!(
        runs("30 1,2 * * *", New_York, "2026-11-01T05:00:00Z", 3),
        ["11-01 01:30 -04:00", "11-01 02:30 -05:00", "11-02 01:30 -05:00"]
    );
    assert_eq!(runs("30 2 * * *", New_York, "2026-10-31T12:00:00Z", 2), ["11-01 02:30 -05:00", "11-02 02:30 -05:00"]);
    // Berlin, 25 October 2026: 02:00 to 03:00 comes twice.
    assert_eq!(runs("30 2 * * *", Berlin, "2026-10-24T12:00:00Z", 2), ["10-25 02:30 +02:00", "10-26 02:30 +01:00"]);
    // Asked in the repeated hour, the run of that day is over.
    assert_eq!(runs("30 2 * * *", Berlin, "2026-10-25T01:10:00Z", 1), ["10-26 02:30 +01:00"]);
}

#[test]
fn every_hour_means_hours_that_pass() {
    assert_eq!(
        runs("0 * * * *", New_York, "2026-03-08T05:30:00Z", 3),
        ["03-08 01:00 -05:00", "03-08 03:00 -04:00", "03-08 04:00 -04:00"]
    );
    assert_eq!(
        runs("0 * * * *", New_York, "2026-11-01T04:30:00Z", 4),
        ["11-01 01:00 -04:00", "11-01 01:00 -05:00", "11-01 02:00 -05:00", "11-01 03:00 -05:00"]
    );
}

#[test]
fn the_zone_is_the_tenants() {
    assert_eq!(
        Schedule::parse("30 5 * * *").unwrap().next_after(instant("2026-11-05T00:00:00Z"), Kolkata),
        Some(instant("2026-11-06T00:00:00Z"))
    );
    let at = instant("2026-11-05T05:30:00Z");
    let daily = Schedule::parse("30 5 * * *").unwrap();
    assert_eq!(daily.next_after(at, Tz::UTC), Some(at + TimeDelta::days(1)));
    assert_eq!(daily.next_after(at - TimeDelta::milliseconds(1), Tz::UTC), Some(at));
}

/// One field in words: every value, or these.
#[derive(Debug, Clone)]
struct Field(Vec<u32>);

impl Field {
    fn text(&self) -> String {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        if numbers.is_empty() { String::from("*") } else { numbers.join(",") }
    }

    fn has(&self, value: u32) -> bool {
        self.0.is_empty() || self.0.contains(&value)
    }
}

fn field(range: std::ops::RangeInclusive<u32>, most: usize) -> impl Strategy<Value = Field> {
    proptest::collection::btree_set(range, 0..=most).prop_map(|values| Field(values.into_iter().collect()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Against the definition: the first minute after the start whose clock fits all fields. Zones without changes of the
    /// clocks in the searched days.
    #[test]
    fn the_next_run_is_the_first_minute_that_fits(
        minutes in field(0..=59, 3).prop_filter("not every minute", |field| !field.0.is_empty()),
        hours in field(0..=23, 3),
        days in field(1..=31, 4),
        weekdays in field(0..=6, 3),
        start in 0i64..4 * 365 * 24 * 3600,
        zone in prop::sample::select(vec![Tz::UTC, Kolkata]),
    ) {
        let cron = format!("{} {} {} * {}", minutes.text(), hours.text(), days.text(), weekdays.text());
        let Ok(schedule) = Schedule::parse(&cron) else { return Ok(()) };
        let start = instant("2024-01-01T00:00:00Z") + TimeDelta::seconds(start);
        let next = schedule.next_after(start, zone).unwrap();
        prop_assert!(next > start);
        let fits = |at: DateTime<Utc>| {
            let local = at.with_timezone(&zone);
            let (day, weekday) = (days.has(local.day()), weekdays.has(local.weekday().num_days_from_sunday()));
            // Cron's own rule: with both named, either will do.
            let either = !days.0.is_empty() && !weekdays.0.is_empty();
            minutes.has(local.minute()) && hours.has(local.hour()) && if either { day || weekday } else { day && weekday }
        };
        prop_assert!(fits(next), "{cron}: {next} does not fit");
        let mut minute = start.duration_trunc_minute() + TimeDelta::minutes(1);
        while minute < next {
            prop_assert!(!fits(minute), "{cron}: {minute} was missed, the answer is {next}");
            minute += TimeDelta::minutes(1);
        }
    }

    /// Over a year of New York's and Berlin's clocks: always forward, and as many runs a day as times are named.
    #[test]
    fn a_named_time_comes_once_every_day(
        hour in 0u32..24,
        minute in 0u32..60,
        start in 0i64..365,
        zone in prop::sample::select(vec![New_York, Berlin]),
    ) {
        let schedule = Schedule::parse(&format!("{minute} {hour} * * *")).unwrap();
        let from = zone.with_ymd_and_hms(2026, 1, 1, 12, 0, 0).unwrap().with_timezone(&Utc) + TimeDelta::days(start);
        let mut at = from;
        let mut days = Vec::new();
        for _ in 0..20 {
            let next = schedule.next_after(at, zone).unwrap();
            prop_assert!(next > at);
            at = next;
            days.push(next.with_timezone(&zone).date_naive());
        }
        prop_assert!(days.windows(2).all(|pair| pair[1] - pair[0] == TimeDelta::days(1)), "{days:?}");
    }
}

trait WholeMinute {
    fn duration_trunc_minute(self) -> Self;
}

impl WholeMinute for DateTime<Utc> {
    fn duration_trunc_minute(self) -> Self {
        self - TimeDelta::seconds(self.timestamp().rem_euclid(60))
    }
}
