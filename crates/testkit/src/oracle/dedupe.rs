//! Which rows are events: the same event is one, however often and by whatever load it came; equal clicks all count.

use std::collections::{HashMap, HashSet};

use super::event::Event;
use super::input::Input;

/// All events that count, in no particular order.
///
/// # Panics
/// When a row stands under a day that is not its `event_date`.
pub(super) fn events(input: &Input) -> Vec<Event> {
    let mut events = Vec::new();
    for (day, loads) in &input.days {
        let mut taken: HashSet<(String, usize)> = HashSet::new();
        for load in loads {
            for event in one_load(load, input) {
                assert_eq!(event.1.day, *day, "a row under another day than its own");
                // What an earlier load of the day brought is kept as it is.
                if taken.insert((event.1.identity.clone(), event.0)) {
                    events.push(event.1);
                }
            }
        }
    }
    events
}

/// The events of one load, each with its number among equals; a given `event_id` has no equals, its first row wins.
fn one_load(rows: &[serde_json::Value], input: &Input) -> Vec<(usize, Event)> {
    let mut read: Vec<Event> = rows.iter().map(|row| Event::read(row, &input.settings)).collect();
    read.sort_by(|a, b| a.order().cmp(&b.order()));
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut kept = Vec::new();
    for event in read {
        let equals = seen.entry(event.identity.clone()).or_default();
        let number = *equals;
        *equals += 1;
        if number == 0 || event.given_id.is_none() {
            kept.push((number, event));
        }
    }
    kept
}
