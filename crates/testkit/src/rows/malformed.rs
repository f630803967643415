//! Rows that no one may count: each must end in `rejected_rows` with its reason, and never in an event table.

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::Event;

/// A well-formed `page_view` to spoil.
fn good(date: NaiveDate) -> Event {
    let noon = date.and_hms_opt(12, 0, 0).unwrap_or_default();
    Event::new("page_view", date, noon.and_utc().timestamp_micros())
        .visit("9001.1", 900_100)
        .page("https://shop.example/malformed")
}

/// JSON objects that are no usable event, each with a word that says what is wrong with it.
#[must_use]
pub fn objects(date: NaiveDate) -> Vec<(&'static str, Value)> {
    vec![
        ("timestamp missing", good(date).without("event_timestamp").build()),
        ("timestamp null", good(date).field("event_timestamp", Value::Null).build()),
        ("timestamp rounded by a spreadsheet", good(date).field("event_timestamp", json!("1.61121E+15")).build()),
        ("timestamp no number", good(date).field("event_timestamp", json!("yesterday")).build()),
        ("name missing", good(date).without("event_name").build()),
        ("name empty", good(date).field("event_name", json!("")).build()),
        ("date missing", good(date).without("event_date").build()),
        ("date garbled", good(date).field("event_date", json!("2026-3-8")).build()),
        ("date does not exist", good(date).field("event_date", json!("20260230")).build()),
        ("params no list", good(date).build_with("event_params", json!("oops"))),
    ]
}

/// Lines that are no JSON object at all.
#[must_use]
pub fn lines() -> Vec<&'static str> {
    vec!["{\"event_name\":\"page_view\",", "not json", "[]", "42", "null", "{\"event_name\":\"page_view\"}}"]
}

impl Event {
    /// The row with one built field replaced by something it must not be.
    fn build_with(self, key: &str, value: Value) -> Value {
        let mut row = self.build();
        row[key] = value;
        row
    }
}
