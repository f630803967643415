//! Rows of the GA4 BigQuery export as tests need them: a builder per shape, malformed rows, and nasty random data.
//!
//! Everything here is in the shape of a `bq extract` (INT64 as text, nulls left out); [`shape`] turns a row into the
//! other forms one property's data arrives in.

mod event;
mod item;
pub mod malformed;
mod random;
pub mod shape;

pub use event::{Event, Slot};
pub use item::Item;
pub use random::{
    RandomSpec, RandomWorld, locations_csv, random, random_locations, random_settings, random_users, users_csv, world,
};

use std::collections::BTreeMap;

use chrono::{DateTime, LocalResult, NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;
use serde_json::Value;

/// Microseconds since 1970 of a local wall-clock time `YYYY-MM-DD HH:MM:SS` in `zone`.
///
/// A time that occurs twice (the clock was set back) is the first of the two.
///
/// # Panics
/// When the text is no such time or the zone has no such local time: a test that asks for it is wrong.
#[must_use]
pub fn micros(zone: Tz, local: &str) -> i64 {
    let Ok(naive) = NaiveDateTime::parse_from_str(local, "%Y-%m-%d %H:%M:%S") else {
        panic!("{local:?} is no `YYYY-MM-DD HH:MM:SS`");
    };
    match zone.from_local_datetime(&naive) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => at.timestamp_micros(),
        LocalResult::None => panic!("{local} does not exist in {zone}"),
    }
}

/// The calendar day that `micros` (since 1970) falls on in `zone`: what GA4 writes as `event_date`.
///
/// # Panics
/// When the instant is outside of what a calendar can hold.
#[must_use]
pub fn local_day(zone: Tz, micros: i64) -> NaiveDate {
    let Some(at) = DateTime::from_timestamp_micros(micros) else {
        panic!("{micros} is no instant");
    };
    at.with_timezone(&zone).date_naive()
}

/// Splits rows by their `event_date`, keeping the order inside a day: one entry is the content of one daily shard.
///
/// # Panics
/// When a row has no well-formed `event_date`.
#[must_use]
pub fn by_day(rows: &[Value]) -> BTreeMap<NaiveDate, Vec<Value>> {
    let mut days: BTreeMap<NaiveDate, Vec<Value>> = BTreeMap::new();
    for row in rows {
        let text = row["event_date"].as_str().unwrap_or_default();
        let Ok(day) = NaiveDate::parse_from_str(text, "%Y%m%d") else {
            panic!("event_date {text:?} is no YYYYMMDD");
        };
        days.entry(day).or_default().push(row.clone());
    }
    days
}

/// Rows as newline-delimited JSON, one row a line, each line ended.
#[must_use]
pub fn ndjson(rows: &[Value]) -> Vec<u8> {
    let mut text = String::new();
    for row in rows {
        text.push_str(&row.to_string());
        text.push('\n');
    }
    text.into_bytes()
}
