//! When people visit an industrial supplier: working days, working hours, in the property's zone.

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Weekday};
use chrono_tz::Tz;

use super::chance::{Chance, Purpose};

/// Visits per local hour, 0 to 23, as weights.
const HOURS: [(u32, i64); 24] = [
    (2, 0),
    (1, 1),
    (1, 2),
    (1, 3),
    (3, 4),
    (12, 5),
    (34, 6),
    (62, 7),
    (78, 8),
    (84, 9),
    (86, 10),
    (74, 11),
    (58, 12),
    (76, 13),
    (80, 14),
    (70, 15),
    (52, 16),
    (30, 17),
    (18, 18),
    (15, 19),
    (14, 20),
    (11, 21),
    (6, 22),
    (2, 23),
];

/// How many visits begin on a day.
pub(super) fn visits_of(seed: u64, day: NaiveDate, visitors_per_day: u32) -> u64 {
    let weekday = match day.weekday() {
        Weekday::Mon => 1.08,
        Weekday::Tue => 1.10,
        Weekday::Wed => 1.06,
        Weekday::Thu => 1.0,
        Weekday::Fri => 0.86,
        Weekday::Sat => 0.34,
        Weekday::Sun => 0.2,
    };
    let closed = matches!((day.month(), day.day()), (1, 1) | (7, 4) | (12, 24..=26 | 31));
    let mood = 0.88 + 0.24 * Chance::of(seed, Purpose::Day, number(day), 0).unit();
    let visits = f64::from(visitors_per_day) * weekday * mood * if closed { 0.3 } else { 1.0 };
    visits.round() as u64
}

/// A day as a number, for streams of chance.
pub(super) fn number(day: NaiveDate) -> i64 {
    i64::from(day.num_days_from_ce())
}

/// An instant of a day at an hour people come, in microseconds since 1970.
pub(super) fn business_time(chance: &mut Chance, zone: Tz, day: NaiveDate) -> i64 {
    let hour = *chance.weighted(&HOURS);
    let second = hour * 3600 + chance.between(0, 3599);
    at(zone, day, second) + chance.between(0, 999_999)
}

/// An instant in the last nine minutes of a day, in microseconds since 1970.
pub(super) fn late_time(chance: &mut Chance, zone: Tz, day: NaiveDate) -> i64 {
    at(zone, day, 86_400 - chance.between(30, 540)) + chance.between(0, 999_999)
}

/// The instant when the wall clock shows `second` of `day`; shortly after where the clock skips that time.
fn at(zone: Tz, day: NaiveDate, second: i64) -> i64 {
    let mut local: NaiveDateTime = day.and_time(NaiveTime::MIN) + Duration::seconds(second);
    loop {
        if let Some(instant) = zone.from_local_datetime(&local).earliest() {
            return instant.timestamp_micros();
        }
        local += Duration::minutes(30);
    }
}

/// The day that an instant falls on in the zone.
pub(super) fn local_day(zone: Tz, micros: i64) -> NaiveDate {
    DateTime::from_timestamp_micros(micros).unwrap_or_default().with_timezone(&zone).date_naive()
}
