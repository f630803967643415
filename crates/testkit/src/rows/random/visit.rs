//! One random visit: who, where from, when, and which events.

use chrono::{Days, LocalResult, NaiveTime, TimeZone};
use serde_json::{Value, json};

use super::content::{add_details, amount};
use super::dice::Dice;
use super::{RandomSpec, pools};
use crate::rows::{Event, Slot, local_day};

/// Which events of a visit name its user (or its branch).
#[derive(Clone, Copy, PartialEq)]
enum Carrier {
    Nobody,
    Everyone,
    /// a throw per event
    Some,
    /// the second half: a login on the way
    LaterHalf,
    /// only events that are not landed
    NotLanded,
}

const CARRIERS: [(u32, Carrier); 5] = [
    (20, Carrier::Nobody),
    (20, Carrier::Everyone),
    (25, Carrier::Some),
    (20, Carrier::LaterHalf),
    (15, Carrier::NotLanded),
];

const NAMES: [(u32, &str); 9] = [
    (32, "page_view"),
    (13, "view_item"),
    (12, "add_to_cart"),
    (8, "purchase"),
    (14, "view_search_results"),
    (6, "no_search_results"),
    (3, "view_search_results_no_results"),
    (3, pools::TENANT_ALIAS),
    (9, "not landed"),
];

/// The rows of one visit.
pub(super) fn random(dice: &mut Dice, spec: &RandomSpec) -> Vec<Value> {
    let visitor = format!("{}.{}", 1000 + dice.below(spec.visitors), 1);
    let day = dice.below(spec.days);
    let session = session(dice, spec, day);
    let (mut timestamp, late) = begin(dice, spec, day);
    let user = dice.weighted(&CARRIERS);
    let branch = dice.weighted(&CARRIERS);
    let home = dice.pick(&pools::BRANCHES);
    let events = 1 + dice.below(9);
    let mut rows = Vec::new();
    // Some visits begin before midnight with an event that is not landed and that alone knows who it is.
    let herald = late && dice.chance(40);
    for number in 0..events {
        let name = match dice.weighted(&NAMES) {
            _ if herald && number == 0 => "session_start",
            "not landed" => dice.pick(&pools::NOT_LANDED),
            name => name,
        };
        let landed = !pools::NOT_LANDED.contains(&name);
        let mut event = Event::new(name, local_day(spec.settings.zone, timestamp), timestamp);
        event = with_ids(dice, event, &visitor, session);
        event = with_batch(dice, event);
        let carries = |dice: &mut Dice, carrier| match carrier {
            _ if herald && number == 0 => true,
            Carrier::Nobody => false,
            Carrier::Everyone => true,
            Carrier::Some => dice.chance(30),
            Carrier::LaterHalf => number >= events / 2,
            Carrier::NotLanded => !landed,
        };
        if carries(dice, user) {
            event = with_user(dice, event, spec);
        }
        if carries(dice, branch) {
            let id = if dice.chance(75) { home } else { dice.pick(&pools::BRANCHES) };
            event = named(dice, event, &spec.settings.branch_property, id);
        }
        event = add_details(dice, event, name, spec);
        let row = event.build();
        if name == "purchase" && dice.chance(35) {
            rows.push(fired_again(dice, &row, timestamp, spec));
        }
        rows.push(row);
        timestamp += if herald && number == 0 { 240_000_000 } else { dice.pick(&pools::STEPS) };
    }
    rows
}

/// A session id: mostly one of three of its day, which visitors share; else one of another day.
fn session(dice: &mut Dice, spec: &RandomSpec, day: u32) -> i64 {
    let day = if dice.chance(85) { day } else { dice.below(spec.days) };
    1_700_000_000 + i64::from(day) * 1000 + i64::from(dice.below(3))
}

/// When a visit begins, in microseconds, and whether that is shortly before midnight.
fn begin(dice: &mut Dice, spec: &RandomSpec, day: u32) -> (i64, bool) {
    let day = spec.from + Days::new(u64::from(day));
    let (hour, minute, second) = dice.weighted(&[
        (4, (23, 57, 0)),
        (2, (23, 59, 59)),
        (2, (0, 0, 0)),
        (2, (1, 30, 0)),
        (2, (2, 30, 0)),
        (3, (9, 0, 0)),
        (3, (12, 0, 0)),
        (2, (15, 59, 59)),
    ]);
    let time = NaiveTime::from_hms_opt(hour, minute, second).unwrap_or_default();
    let mut local = day.and_time(time);
    let begin = loop {
        match spec.settings.zone.from_local_datetime(&local) {
            LocalResult::Single(at) => break at,
            // The hour that comes twice: either of them.
            LocalResult::Ambiguous(first, second) => {
                break if dice.chance(50) { first } else { second };
            }
            LocalResult::None => local += chrono::Duration::minutes(30),
        }
    };
    let jitter = i64::from(dice.below(3)) * 1_000_000;
    (begin.timestamp_micros() + jitter, hour == 23)
}

/// Visitor and session in the forms they come in; sometimes one of them, or both, are no value.
fn with_ids(dice: &mut Dice, event: Event, visitor: &str, session: i64) -> Event {
    let event = if dice.chance(96) {
        event.pseudo_id(visitor)
    } else {
        match dice.below(3) {
            0 => event,
            1 => event.field("user_pseudo_id", Value::Null),
            _ => event.pseudo_id(dice.pick(&pools::FILLERS)),
        }
    };
    match dice.below(100) {
        0..70 => event.session(session),
        70..84 => event.session_cookie(session),
        84..95 => event.param("ga_session_id", session.to_string().as_str()),
        95..97 => event.param("ga_session_id", Slot::Empty),
        97..98 => event.param("ga_session_id", dice.pick(&pools::FILLERS)),
        _ => event,
    }
}

fn with_batch(dice: &mut Dice, event: Event) -> Event {
    let mut field = |percent| dice.chance(percent).then(|| i64::from(dice.below(3)));
    let (page, ordering, index) = (field(50), field(50), field(60));
    event.batch(page, ordering, index)
}

fn with_user(dice: &mut Dice, event: Event, spec: &RandomSpec) -> Event {
    let event = if dice.chance(20) {
        let id = dice.weighted(&[(4, true), (1, false)]);
        let pool: &[&str] = if id { &pools::GA_USERS } else { &pools::FILLERS };
        event.user_id(dice.pick(pool))
    } else {
        event
    };
    if dice.chance(70) {
        let id = dice.pick(&pools::USERS);
        named(dice, event, &spec.settings.user_property, id)
    } else {
        event
    }
}

/// A user or branch under its property's name: as property, as parameter, as both (the property wins), as a filler.
fn named(dice: &mut Dice, event: Event, key: &str, (text, number): (&str, Option<i64>)) -> Event {
    let slot = match (number, dice.below(4)) {
        (Some(number), 0) => Slot::Int(number),
        (Some(number), 1) => Slot::Double(number as f64),
        _ => Slot::from(text),
    };
    match dice.below(100) {
        0..65 => event.property(key, slot),
        65..80 => event.param(key, slot),
        80..88 => event.property(key, slot).param(key, "someone-else"),
        88..92 => event.property(key, Slot::Empty),
        _ => event.property(key, dice.pick(&pools::FILLERS)),
    }
}

/// The purchase once more: at once, after a reload, days later, or by another visitor; sometimes with another amount.
fn fired_again(dice: &mut Dice, row: &Value, timestamp: i64, spec: &RandomSpec) -> Value {
    let mut again = row.clone();
    let delay = dice.weighted(&[(5, 35_000), (2, 600_000_000), (1, 86_400_000_000), (1, -35_000)]);
    let timestamp = timestamp + delay;
    let day = local_day(spec.settings.zone, timestamp);
    again["event_timestamp"] = json!(timestamp.to_string());
    again["event_date"] = json!(day.format("%Y%m%d").to_string());
    if dice.chance(20) {
        again["user_pseudo_id"] = json!("1000.1");
    }
    if dice.chance(20) {
        again["ecommerce"]["purchase_revenue"] = amount(dice);
    }
    again
}
