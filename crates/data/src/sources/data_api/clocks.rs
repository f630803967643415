//! The property's clocks: when a minute of a report was, and whether the tenant goes by the same ones.

use chrono::{DateTime, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// `202611010905` by the zone's clocks, as microseconds since 1970; none for a text that is no minute, such as `(other)`.
pub fn minute(zone: Tz, text: &str) -> Option<i64> {
    let is_minute = text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let local = NaiveDateTime::parse_from_str(&format!("{text}00"), "%Y%m%d%H%M%S").ok();
    instant(zone, local.filter(|_| is_minute)?)
}

/// Microseconds since 1970 of a local time. An hour that the clocks show twice is taken for its first time; one that they
/// skip is an hour later.
pub fn instant(zone: Tz, local: NaiveDateTime) -> Option<i64> {
    let at = |local: &NaiveDateTime| zone.from_local_datetime(local).earliest();
    let at = at(&local).or_else(|| at(&(local + TimeDelta::hours(1))))?;
    Some(at.timestamp_micros())
}

/// Zones have several names (Asia/Calcutta, Asia/Kolkata); what counts is that clocks agree, a year back and a year ahead.
pub fn is_same_clock(one: Tz, other: Tz, now: DateTime<Utc>) -> bool {
    let offset = |zone: Tz, at: &DateTime<Utc>| zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    one == other
        || (-366 * 4..366 * 4).all(|quarter| {
            let at = now + TimeDelta::hours(6 * quarter);
            offset(one, &at) == offset(other, &at)
        })
}

#[cfg(test)]
mod tests {
    use chrono_tz::{America, Asia, Australia, Europe, Tz};

    use super::{instant, is_same_clock, minute};

    fn seconds(zone: Tz, text: &str) -> Option<i64> {
        minute(zone, text).map(|micros| micros / 1_000_000)
    }

    #[test]
    fn a_minute_is_read_by_the_propertys_clocks() {
        // 1 November 2026: New York's clocks go back at 02:00. `date -d '2026-11-01 09:05 EST' +%s` = 1793541900.
        assert_eq!(seconds(America::New_York, "202611010905"), Some(1_793_541_900));
        // 01:30 comes twice; the first is EDT: 05:30 UTC.
        assert_eq!(seconds(America::New_York, "202611010130"), Some(1_793_511_000));
        // 8 March 2026, 02:30 is skipped; half an hour at Lord Howe on 5 April comes twice: 01:45 is 14:45 UTC first.
        assert_eq!(seconds(America::New_York, "202603080230"), seconds(America::New_York, "202603080330"));
        assert_eq!(seconds(Australia::Lord_Howe, "202604050145"), Some(1_775_313_900));
        for text in ["(other)", "(not set)", "", "20261101", "2026110109051", "202613010905", "20261101 905"] {
            assert_eq!(minute(Tz::UTC, text), None, "{text}");
        }
    }

    #[test]
    fn a_day_may_begin_at_one() {
        // 6 September 2026: in Santiago 00:00 is skipped; the day begins at 01:00, which is 04:00 UTC.
        let midnight = chrono::NaiveDate::from_ymd_opt(2026, 9, 6).unwrap().and_hms_opt(0, 0, 0).unwrap();
        assert_eq!(instant(America::Santiago, midnight), Some(1_788_667_200_000_000));
    }

    #[test]
    fn clocks_are_compared_and_not_names() {
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        assert!(is_same_clock(Asia::Calcutta, Asia::Kolkata, now));
        assert!(is_same_clock(Europe::Berlin, Europe::Paris, now));
        assert!(!is_same_clock(America::New_York, America::Bogota, now), "they agree in winter only");
        assert!(!is_same_clock(Tz::UTC, Europe::London, now));
    }
}
