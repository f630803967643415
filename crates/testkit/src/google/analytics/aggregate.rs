//! Counting a report from the rows of an export, as GA4 does from its own tables.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use super::ask::ReportAsk;
use super::dimension::{Seen, slot, text};
use super::fields::{ITEM_DIMENSIONS, ITEM_METRICS};
use super::metric::Tally;
use super::property::Property;
use super::report::MadeRow;

/// What a whole row is called that stands for the rows beyond the largest ones.
const OTHER: &str = "(other)";

/// The rows of a report, and whether some were folded into `(other)`.
///
/// Of purchases with the same transaction id only the first one counts as one, as in GA4's own reports; each counts as an
/// event. A user property is what the user had at the time of the event.
pub(super) fn aggregate(property: &Property, ask: &ReportAsk, events: &[Value]) -> (Vec<MadeRow>, bool) {
    let by_item =
        ask.dimensions.iter().any(|name| ITEM_DIMENSIONS.contains(&name.as_str()) || name.starts_with("customItem:"))
            || ask.metrics.iter().any(|name| ITEM_METRICS.contains(&name.as_str()));
    let mut rows: BTreeMap<Vec<String>, Vec<Tally>> = BTreeMap::new();
    let mut transactions = HashSet::new();
    for seen in with_users(events) {
        let day = text(&seen.event["event_date"]).unwrap_or_default();
        let date = chrono::NaiveDate::parse_from_str(&day, "%Y%m%d");
        if !date.is_ok_and(|date| ask.start <= date && date <= ask.end) {
            continue;
        }
        let id = seen.transaction().filter(|id| !id.is_empty() && id != "(not set)");
        let purchase = seen.event["event_name"] == "purchase";
        let first = !purchase || id.is_none_or(|id| transactions.insert(id));
        let no_items = Vec::new();
        let items = seen.event["items"].as_array().unwrap_or(&no_items);
        let parts: Vec<Option<&Value>> = if by_item { items.iter().map(Some).collect() } else { vec![None] };
        for item in parts {
            let value = |name: &str| seen.dimension(name, property.zone, item);
            if !ask.filter.takes(&value) {
                continue;
            }
            let key: Vec<String> = ask.dimensions.iter().map(|name| value(name)).collect();
            let tallies = rows.entry(key).or_insert_with(|| ask.metrics.iter().map(|_| Tally::default()).collect());
            for (tally, metric) in tallies.iter_mut().zip(&ask.metrics) {
                tally.add(metric, &seen, item, first);
            }
        }
    }
    // Rows in which nothing was counted are left out (`keepEmptyRows: false`).
    rows.retain(|_, tallies| tallies.is_empty() || tallies.iter().any(|tally| tally.value() != 0.0));
    let mut rows: Vec<(Vec<String>, Vec<Tally>)> = rows.into_iter().collect();
    let folded = fold(property, ask, &mut rows);
    let made = rows
        .into_iter()
        .map(|(dimensions, tallies)| MadeRow { dimensions, metrics: tallies.iter().map(Tally::text).collect() });
    (made.collect(), folded)
}

/// Folds all but the largest rows into one.
fn fold(property: &Property, ask: &ReportAsk, rows: &mut Vec<(Vec<String>, Vec<Tally>)>) -> bool {
    let Some(most) = property.most_rows.filter(|most| rows.len() > *most && !ask.dimensions.is_empty()) else {
        return false;
    };
    let size = |tallies: &[Tally]| tallies.first().map_or(0.0, Tally::value);
    rows.sort_by(|(_, one), (_, two)| size(two).total_cmp(&size(one)));
    let mut other: Vec<Tally> = ask.metrics.iter().map(|_| Tally::default()).collect();
    for (_, tallies) in rows.split_off(most) {
        for (sum, tally) in other.iter_mut().zip(tallies) {
            sum.take_in(tally);
        }
    }
    rows.push((ask.dimensions.iter().map(|_| OTHER.to_owned()).collect(), other));
    true
}

/// The events in time, each with its user's properties so far.
fn with_users(events: &[Value]) -> Vec<Seen<'_>> {
    let micros = |event: &Value| text(&event["event_timestamp"]).and_then(|micros| micros.parse::<i64>().ok());
    let mut ordered: Vec<&Value> = events.iter().collect();
    ordered.sort_by_key(|event| micros(event));
    let mut users: HashMap<String, HashMap<&str, String>> = HashMap::new();
    ordered
        .into_iter()
        .map(|event| {
            let own = event["user_properties"].as_array().into_iter().flatten();
            let own = own.filter_map(|entry| {
                let key = entry["key"].as_str()?;
                Some((key, slot(&event["user_properties"], key)?))
            });
            let user = match text(&event["user_pseudo_id"]) {
                None => own.collect(),
                Some(person) => {
                    let known = users.entry(person).or_default();
                    known.extend(own);
                    known.clone()
                }
            };
            Seen { event, user }
        })
        .collect()
}
