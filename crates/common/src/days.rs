//! Days as the API writes them.

use chrono::{Datelike, NaiveDate};

/// The day that `YYYY-MM-DD` names, to the letter: no sign, no missing zero, nothing around it. None when there is no such
/// day, or when it is not from 2000 to 2099, for which tables have no place.
#[must_use]
pub fn parse(text: &str) -> Option<NaiveDate> {
    let shaped = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(n, byte)| if n == 4 || n == 7 { byte == b'-' } else { byte.is_ascii_digit() });
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
    (shaped && (2000..2100).contains(&day.year())).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn only_days_that_exist_in_their_one_spelling() {
        assert_eq!(parse("2026-11-05").map(|d| d.to_string()).as_deref(), Some("2026-11-05"));
        for wrong in [
            "2026-02-30", "2026-11-5", "-2026-11-05", "+12026-11-05", "1999-12-31", "2100-01-01", " 2026-11-05", "",
            "2026-11-05T00",
        ] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }
}
