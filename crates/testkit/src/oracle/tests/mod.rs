//! The oracle held against hand-computed examples of product.md: few rows, literal answers.

mod bounces;
mod carts;
mod chart;
mod comparing;
mod duplicates;
mod histories;
mod locations;
mod metrics;
mod money;
mod purchases;
mod repeats;
mod searches;
mod values;
mod visits;

use chrono::NaiveDate;
use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde_json::Value;

use super::{Input, LocationRow, Oracle, Selection, TenantSettings, UserRow};
use crate::rows::Event;

/// The zone of the examples: five hours behind UTC in winter.
const ZONE: Tz = chrono_tz::America::New_York;

/// An event of visitor `a`, session 1, at a local time of 2026-01-<day> (`"05 10:00:00"`).
fn event(name: &str, day_and_time: &str) -> Event {
    stranger(name, day_and_time).visit("a", 1)
}

/// The same without visitor and session.
fn stranger(name: &str, day_and_time: &str) -> Event {
    Event::at(name, ZONE, &format!("2026-01-{day_and_time}"))
}

fn day(day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, day).unwrap()
}

/// Days of January 2026.
fn january(from: u32, to: u32) -> Selection {
    Selection::days(day(from), day(to))
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

/// A tenant in New York that counts in `currency`, with one user and two branches on file.
fn input_in(currency: &str, events: Vec<Event>) -> Input {
    let rows: Vec<Value> = events.into_iter().map(Event::build).collect();
    let settings = TenantSettings { currency: currency.to_owned(), ..TenantSettings::default() };
    let mut input = Input::loaded(settings, &rows);
    input.users.push(UserRow {
        user_id: "U1".to_owned(),
        user_name: Some("Una".to_owned()),
        buying_company_name: Some("Acme".to_owned()),
        email: Some("una@example.com".to_owned()),
        cell_phone: Some("555-0101".to_owned()),
        office_phone: None,
        is_active: true,
    });
    for (id, name, is_active) in [("D02", "Able", true), ("D01", "Baker", true), ("D09", "Old", false)] {
        input.locations.push(LocationRow {
            location_id: id.to_owned(),
            location_name: name.to_owned(),
            city: None,
            state: Some("NY".to_owned()),
            is_active,
        });
    }
    input
}

/// A tenant that counts in dollars.
fn oracle(events: Vec<Event>) -> Oracle {
    Oracle::new(&input_in("USD", events))
}
