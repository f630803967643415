//! Holding the product's answer against the oracle's: same lines in all fields, newest activity first.

use std::fmt::Debug;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::lines::Dated;

/// How many differing lines a message shows of each side.
const SHOWN: usize = 3;

/// Reads the lines of an answer's `data` (or any list of them) as the oracle's type.
///
/// # Errors
/// When it is no list, or a field is missing or of another type; fields the oracle does not know are ignored.
pub fn parse<L: DeserializeOwned>(list: &Value) -> Result<Vec<L>, String> {
    let Some(list) = list.as_array() else {
        return Err(format!("no list: {list}"));
    };
    list.iter()
        .map(|line| serde_json::from_value(line.clone()).map_err(|error| format!("{error} in {line:#}")))
        .collect()
}

/// Checks a whole list of the product (all pages, in its order) against the oracle's.
///
/// Both must hold the same lines, equal in every field, and the product's order must be non-increasing in the time of
/// the lines' latest activity. What breaks ties is the product's own and not looked at.
///
/// # Errors
/// Says which lines are missing, which are too many, or where the order breaks.
pub fn lines<L: PartialEq + Debug>(product: &[L], oracle: &[Dated<L>]) -> Result<(), String> {
    // Equal lines of different times: the product must have the later one first, so they are handed out in that order.
    let mut left: Vec<&Dated<L>> = oracle.iter().collect();
    left.sort_by_key(|dated| std::cmp::Reverse(dated.at));
    let mut times = Vec::new();
    let mut unexpected = Vec::new();
    for line in product {
        match left.iter().position(|dated| dated.line == *line) {
            Some(found) => times.push((left.remove(found).at, line)),
            None => unexpected.push(line),
        }
    }
    if !left.is_empty() || !unexpected.is_empty() {
        let shown_left = &left[..left.len().min(SHOWN)];
        let shown_unexpected = &unexpected[..unexpected.len().min(SHOWN)];
        return Err(format!(
            "{} lines of {} are missing, {} of {} are not expected\nmissing: {shown_left:#?}\nnot expected: {shown_unexpected:#?}",
            left.len(),
            oracle.len(),
            unexpected.len(),
            product.len(),
        ));
    }
    for pair in times.windows(2) {
        if pair[0].0 < pair[1].0 {
            return Err(format!(
                "not newest first: {} stands before {}\n{:#?}\n{:#?}",
                pair[0].0, pair[1].0, pair[0].1, pair[1].1
            ));
        }
    }
    Ok(())
}

/// Checks a list whose order is fully defined: equal element by element.
///
/// # Errors
/// Says at which place the two differ first.
pub fn sequence<L: PartialEq + Debug>(product: &[L], oracle: &[L]) -> Result<(), String> {
    for place in 0..product.len().max(oracle.len()) {
        let (ours, theirs) = (product.get(place), oracle.get(place));
        if ours != theirs {
            return Err(format!(
                "at {place} (of {} and {}):\nproduct: {ours:#?}\noracle: {theirs:#?}",
                product.len(),
                oracle.len()
            ));
        }
    }
    Ok(())
}
