//! Which of GA4's tables of a day a file is an extract of (ga4.md 1.1).

use std::path::Path;

use chrono::NaiveDate;

/// GA4 writes a day up to three times; one of them counts: daily before fresh before intraday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Shard {
    Intraday,
    Fresh,
    Daily,
}

impl Shard {
    /// From the table's name in the file's name; a file named otherwise counts as daily.
    pub fn of(path: &Path) -> Self {
        let name = super::input::file_name(path);
        if name.contains("intraday_") {
            Self::Intraday
        } else if name.contains("fresh_") {
            Self::Fresh
        } else {
            Self::Daily
        }
    }

    /// The text stored with the day.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Intraday => "intraday",
            Self::Fresh => "fresh",
            Self::Daily => "daily",
        }
    }
}

/// The day in a name like `events_20201101…` or `events_intraday_20201101…`: lets a file outside the range stay unread.
pub fn day_in_name(path: &Path) -> Option<NaiveDate> {
    let name = super::input::file_name(path);
    let rest = name.strip_prefix("events_")?;
    let rest = rest.strip_prefix("intraday_").or_else(|| rest.strip_prefix("fresh_")).unwrap_or(rest);
    let digits = rest.get(..8)?;
    // One more digit would be another number, not a date.
    if rest.as_bytes().get(8).is_some_and(u8::is_ascii_digit) {
        return None;
    }
    NaiveDate::parse_from_str(digits, "%Y%m%d").ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Shard, day_in_name};

    #[test]
    fn names_tell_shard_and_day() {
        assert_eq!(Shard::of(Path::new("events_20201101.parquet")), Shard::Daily);
        assert_eq!(Shard::of(Path::new("events_intraday_20201101.json.gz")), Shard::Intraday);
        assert_eq!(Shard::of(Path::new("events_fresh_20201101")), Shard::Fresh);
        assert!(Shard::Daily > Shard::Fresh && Shard::Fresh > Shard::Intraday);
        let day = chrono::NaiveDate::from_ymd_opt(2020, 11, 1);
        assert_eq!(day_in_name(Path::new("x/events_intraday_20201101-000.json")), day);
        assert_eq!(day_in_name(Path::new("events_202011010.json")), None);
        assert_eq!(day_in_name(Path::new("export.json")), None);
    }
}
