//! That random data keeps its promises and really holds the cases it is there for.

use std::collections::{BTreeMap, HashSet};

use serde_json::Value;

use super::*;
use crate::oracle::{Oracle, Selection};
use crate::rows::{by_day, local_day};

#[test]
fn a_seed_always_gives_the_same_rows() {
    let spec = RandomSpec::default();
    assert_eq!(random(7, &spec), random(7, &spec));
    assert_ne!(random(7, &spec), random(8, &spec));
}

#[test]
fn days_are_those_of_the_zone_and_only_equal_rows_tie() {
    for seed in 0..40 {
        let world = world(seed);
        let mut places: BTreeMap<String, &Value> = BTreeMap::new();
        for row in &world.rows {
            let timestamp = row["event_timestamp"].as_str().unwrap().parse().unwrap();
            let day = local_day(world.spec.settings.zone, timestamp);
            assert_eq!(row["event_date"], day.format("%Y%m%d").to_string());
            let place =
                ["event_timestamp", "batch_page_id", "batch_ordering_id"].map(|key| row[key].to_string()).join(" ")
                    + &row["batch_event_index"].to_string();
            let first = places.entry(place).or_insert(row);
            assert_eq!(*first, row, "two different events tie");
        }
    }
}

#[test]
fn every_nasty_case_occurs() {
    let mut found: BTreeMap<&str, bool> = BTreeMap::new();
    for seed in 0..30 {
        let world = world(seed);
        let oracle = Oracle::new(&world.input());
        let all = Selection::days(world.spec.from, world.spec.to());
        let mut note = |case, occurs: bool| *found.entry(case).or_default() |= occurs;
        let text: String = world.rows.iter().map(Value::to_string).collect();
        note("cookie sessions", text.contains("$o5$g1$t"));
        note("double slots", text.contains("\"double_value\":5"));
        note("empty slots", text.contains("\"value\":{}"));
        note("other data", text.contains("(data not available)"));
        note("event ids", text.contains("\"key\":\"event_id\""));
        let visits = oracle.visit_keys();
        let sessions: HashSet<_> = visits.iter().map(|(_, session, _)| session).collect();
        note("shared session ids", sessions.len() < visits.len());
        let days = by_day(&world.rows);
        note("later days", days.keys().any(|day| *day > world.spec.to()));
        let metrics = oracle.metrics(&all);
        let purchase_rows = world.rows.iter().filter(|row| row["event_name"] == "purchase").count() as u64;
        note("double purchases", metrics.purchases < purchase_rows);
        note("repeat visits", metrics.repeat_visits > 0);
        note("failed searches", metrics.failed_searches > 0);
        let has_value = |known| {
            let lines = oracle.purchase_lines(&all);
            lines.iter().any(|dated| dated.line.has_value == known)
        };
        note("known values", has_value(true));
        note("unknown values", has_value(false));
        note("carts", !oracle.cart_lines(&all).is_empty());
        let searches = oracle.search_lines(&all, false);
        let with_bought = oracle.search_lines(&all, true);
        note("searches", !searches.is_empty());
        note("converted searches", searches.len() < with_bought.len());
        note("repeat lines", !oracle.repeat_lines(&all).is_empty());
        note("bounces", !oracle.bounce_lines(&all).is_empty());
        let after = |date: &str, day: &str| date > day;
        note("crossing midnight", any_row_of_a_visit(&oracle, &world, "page_view", after));
        let before = |date: &str, day: &str| date < day;
        note("heralds on the eve", any_row_of_a_visit(&oracle, &world, "session_start", before));
    }
    assert!(found.values().all(|occurred| *occurred), "{found:#?}");
}

/// Whether a row of this name stands under a day that compares like this with its visit's day.
fn any_row_of_a_visit(oracle: &Oracle, world: &RandomWorld, name: &str, compares: impl Fn(&str, &str) -> bool) -> bool {
    let visits = oracle.visit_keys();
    world.rows.iter().filter(|row| row["event_name"] == name).any(|row| {
        visits.iter().any(|(visitor, session, day)| {
            row["user_pseudo_id"] == visitor.as_str()
                && row["event_params"].to_string().contains(session.as_str())
                && compares(row["event_date"].as_str().unwrap(), &day.format("%Y%m%d").to_string())
        })
    })
}
