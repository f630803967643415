//! Ties in event order: none between different events, many between equal ones.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::dice::Dice;

/// The fields of event order, before the product's own tie-break.
const ORDER: [&str; 4] = ["event_timestamp", "batch_page_id", "batch_ordering_id", "batch_event_index"];

/// Gives a row that ties with an earlier one another place in its batch; timestamps go on tying.
pub(super) fn break_up(rows: &mut [Value]) {
    let mut taken: HashSet<String> = HashSet::new();
    let mut next = 100;
    for row in rows {
        while !taken.insert(place(row)) {
            row["batch_event_index"] = json!(next.to_string());
            next += 1;
        }
    }
}

fn place(row: &Value) -> String {
    ORDER.map(|key| row[key].to_string()).join(" ")
}

/// Repeats some rows as they are: identical clicks, each of which counts unless the row has an `event_id`.
pub(super) fn repeat_some(dice: &mut Dice, rows: &mut Vec<Value>) {
    let mut repeats = Vec::new();
    for row in rows.iter() {
        if dice.chance(5) {
            for _ in 0..dice.weighted(&[(8, 1), (2, 2), (1, 12)]) {
                repeats.push(row.clone());
            }
        }
    }
    rows.extend(repeats);
}
