//! Numbers and dates of a spreadsheet as the texts that people meant: ids, phone numbers, days.

use chrono::{Days, NaiveDate};

/// Digits that a spreadsheet keeps.
const EXACT: f64 = 1e15;

/// Whether a spreadsheet held every digit of the number.
pub(super) fn is_exact(number: f64) -> bool {
    number.is_finite() && number.abs() < EXACT
}

/// The number as a spreadsheet shows it: no `.0`, no exponent, 15 digits.
pub(super) fn text(number: f64) -> String {
    // What is beyond the 15th digit is noise of the binary form: 12.300000000000001 was typed as 12.3.
    let rounded = format!("{number:.14e}").parse().unwrap_or(number);
    // Not -0.
    if rounded == 0.0 { "0".to_owned() } else { format!("{rounded}") }
}

/// The instant that a serial number of days stands for, as `2026-03-02` or `2026-03-02T10:00:00`; none outside of what a
/// spreadsheet can show. `from_1904`: the workbook counts from that year.
pub(super) fn date(serial: f64, from_1904: bool) -> Option<String> {
    if !(0.0..2_958_466.0).contains(&serial) {
        return None;
    }
    let mut days = serial.floor();
    let mut seconds = ((serial - days) * 86_400.0).round();
    if seconds >= 86_400.0 {
        (days, seconds) = (days + 1.0, 0.0);
    }
    let (first, days) = if from_1904 {
        (NaiveDate::from_ymd_opt(1904, 1, 1)?, days)
    } else if days >= 61.0 {
        (NaiveDate::from_ymd_opt(1899, 12, 30)?, days)
    } else {
        // Before the 29 February 1900 that Lotus 1-2-3 believed in, and Excel after it.
        (NaiveDate::from_ymd_opt(1899, 12, 31)?, days)
    };
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole numbers in the range above")]
    let (day, seconds) = (first.checked_add_days(Days::new(days as u64))?, seconds as u32);
    if seconds == 0 {
        return Some(day.to_string());
    }
    let at = day.and_hms_opt(seconds / 3600, seconds / 60 % 60, seconds % 60)?;
    Some(at.format("%Y-%m-%dT%H:%M:%S").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_typed_them() {
        for (number, shown) in [
            (4711.0, "4711"),
            (0.0, "0"),
            (-0.0, "0"),
            (-7.0, "-7"),
            (12.5, "12.5"),
            (12.1 + 0.2, "12.3"),
            (0.1 + 0.2, "0.3"),
            (4_915_112_345_678.0, "4915112345678"),
            (999_999_999_999_999.0, "999999999999999"),
            (1e20, "100000000000000000000"),
        ] {
            assert_eq!(text(number), shown);
        }
        assert!(is_exact(999_999_999_999_999.0) && is_exact(-1.0) && is_exact(0.5));
        assert!(!is_exact(1e15) && !is_exact(-1e16) && !is_exact(f64::NAN) && !is_exact(f64::INFINITY));
        for odd in [f64::NAN, f64::INFINITY, f64::MAX, f64::MIN_POSITIVE] {
            assert!(!text(odd).is_empty());
        }
    }

    #[test]
    fn serial_numbers_are_days_in_both_calendars() {
        // Documented by Microsoft: 1 is 1900-01-01, 39448 is 2008-01-01.
        for (serial, from_1904, shown) in [
            (1.0, false, Some("1900-01-01")),
            (59.0, false, Some("1900-02-28")),
            (61.0, false, Some("1900-03-01")),
            (39_448.0, false, Some("2008-01-01")),
            (39_448.5, false, Some("2008-01-01T12:00:00")),
            (39_447.999_999_999, false, Some("2008-01-01")),
            (0.0, true, Some("1904-01-01")),
            (37_986.0, true, Some("2008-01-01")),
            (2_958_465.0, false, Some("9999-12-31")),
            (2_958_466.0, false, None),
            (-1.0, false, None),
            (f64::NAN, false, None),
        ] {
            assert_eq!(date(serial, from_1904).as_deref(), shown, "{serial}");
        }
    }
}
