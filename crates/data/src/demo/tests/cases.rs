//! The awkward cases that a public sample does not have, each found in a few weeks of the demo.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::*;

/// A few weeks of a busier shop.
fn weeks() -> Vec<Value> {
    let folder = tempfile::tempdir().unwrap();
    rows(&demo(folder.path(), 1, 25, 130))
}

fn named<'a>(rows: &'a [Value], name: &str) -> Vec<&'a Value> {
    rows.iter().filter(|row| row["event_name"] == name).collect()
}

fn slots(rows: &[&Value], list: &str, key: &str) -> HashSet<String> {
    let values = rows.iter().filter_map(|row| entry(row, list, key)?.as_object());
    values.flat_map(|slots| slots.keys().cloned()).collect()
}

#[test]
fn awkward_cases_occur() {
    let rows = weeks();
    let all: Vec<&Value> = rows.iter().collect();
    let purchases = named(&rows, "purchase");

    // Users and branches: properties of some events only, as text and as number, beside GA4's own user_id.
    assert!(
        slots(&all, "user_properties", "WebUserId")
            .is_superset(&["string_value", "int_value"].map(String::from).into())
    );
    assert!(!slots(&all, "user_properties", "default_branch_id").is_empty());
    assert!(rows.iter().any(|row| row["user_id"].is_string()));
    assert!(rows.iter().any(|row| row["user_properties"] == Value::Array(Vec::new())));

    // Consent mode: neither visitor nor session.
    assert!(rows.iter().any(|row| visit(row).is_none() && row["privacy_info"]["analytics_storage"] == "No"));

    // Failed searches, under both names; terms with blanks around them and with wildcards in them.
    assert!(!named(&rows, "no_search_results").is_empty());
    assert!(!named(&rows, "view_search_results_no_results").is_empty());
    let term =
        |row: &&Value| Some(entry(row, "event_params", "no_search_results_term")?["string_value"].as_str()?.to_owned());
    let terms: Vec<String> = named(&rows, "no_search_results").iter().filter_map(term).collect();
    assert!(terms.iter().any(|term| term.trim() != term) && terms.iter().any(|term| term.contains(['%', '_'])));

    // Order numbers as text, as number, in ecommerce only, and '(not set)'.
    assert_eq!(
        slots(&purchases, "event_params", "transaction_id"),
        ["string_value", "int_value"].map(String::from).into()
    );
    assert!(purchases.iter().any(|row| entry(row, "event_params", "transaction_id").is_none()));
    assert!(purchases.iter().any(|row| row["ecommerce"]["transaction_id"] == "(not set)"));
    assert!(purchases.iter().any(|row| row["items"][0]["item_id"] == "(not set)"));

    // Other currencies, one with three decimals.
    let currency =
        |row: &&&Value, code| entry(row, "event_params", "currency").is_some_and(|value| value["string_value"] == code);
    let carts = named(&rows, "add_to_cart");
    for code in ["USD", "CAD", "KWD"] {
        assert!(carts.iter().any(|row| currency(&row, code)), "no cart in {code}");
    }
    let dinars = carts.iter().filter(|row| currency(row, "KWD")).flat_map(|row| row["items"].as_array().unwrap());
    let decimals = |price: &Value| price.to_string().split('.').nth(1).map_or(0, str::len);
    assert!(dinars.map(|item| decimals(&item["price"])).max() == Some(3));
    assert!(carts.iter().any(|row| row["items"].as_array().is_some_and(|items| items.len() > 1)));
    assert!(carts.iter().any(|row| row["items"][0].get("quantity").is_none()));

    // What live exports have and the public sample does not.
    for key in [
        "batch_page_id",
        "batch_ordering_id",
        "batch_event_index",
        "collected_traffic_source",
        "session_traffic_source_last_click",
    ] {
        assert!(rows.iter().any(|row| row.get(key).is_some()), "no {key}");
    }
    assert!(rows.iter().any(|row| row.get("batch_page_id").is_none()));
    assert!(rows.iter().any(|row| {
        row["items"].as_array().is_some_and(|items| items.iter().any(|item| item.get("item_params").is_some()))
    }));
    assert!(rows.iter().any(|row| entry(row, "event_params", "page_referrer").is_some_and(|value| value == &serde_json::json!({}))));
    for name in
        ["session_start", "first_visit", "user_engagement", "scroll", "login", "view_item_list", "begin_checkout"]
    {
        assert!(!named(&rows, name).is_empty(), "no {name}");
    }
    // event_date is not the UTC date: an evening in Chicago is tomorrow in Greenwich.
    let utc_day =
        |row: &Value| chrono::DateTime::from_timestamp_micros(micros(row)).unwrap().format("%Y%m%d").to_string();
    assert!(rows.iter().any(|row| row["event_date"] != utc_day(row)));
}

#[test]
fn awkward_visits_occur() {
    let rows = weeks();
    let mut visits: BTreeMap<(&str, &str), Vec<&Value>> = BTreeMap::new();
    for row in &rows {
        if let Some(key) = visit(row) {
            visits.entry(key).or_default().push(row);
        }
    }
    // Session ids that visitors share, and visits on both sides of a midnight.
    let sessions: HashSet<&str> = visits.keys().map(|(_, session)| *session).collect();
    assert!(sessions.len() < visits.len());
    let crossing =
        visits.values().filter(|events| events.iter().any(|row| row["event_date"] != events[0]["event_date"]));
    assert!(crossing.count() >= 18, "a visit crosses almost every midnight");

    // A login on the way: pages of a stranger first, and only the login names the customer.
    let logs_in_late = |events: &Vec<&Value>| {
        let first_named = events.iter().position(|row| entry(row, "user_properties", "WebUserId").is_some());
        first_named.is_some_and(|at| {
            events[at]["event_name"] == "login" && events[..at].iter().any(|row| row["event_name"] == "page_view")
        })
    };
    assert!(visits.values().any(logs_in_late));

    // Orders that fired twice: the same number again, at once and after a reload.
    let mut orders: HashMap<String, Vec<i64>> = HashMap::new();
    for row in named(&rows, "purchase") {
        if let Some(id) = entry(row, "event_params", "transaction_id").filter(|id| id["string_value"] != "(not set)") {
            orders.entry(id.to_string()).or_default().push(micros(row));
        }
    }
    let gaps: Vec<i64> =
        orders.values().filter(|times| times.len() > 1).map(|times| (times[1] - times[0]).abs()).collect();
    assert!(gaps.iter().any(|gap| *gap < 1_000_000), "{gaps:?}");
    assert!(gaps.iter().any(|gap| *gap > 60_000_000), "{gaps:?}");

    // Timestamps tie inside a message, and only equal rows tie in the batch fields too.
    let place = |row: &Value| {
        ["event_timestamp", "batch_page_id", "batch_ordering_id", "batch_event_index"].map(|key| row[key].to_string())
    };
    let mut ties = 0;
    for events in visits.values() {
        let times: HashSet<i64> = events.iter().map(|row| micros(row)).collect();
        ties += events.len() - times.len();
        let mut seen: HashMap<_, &Value> = HashMap::new();
        for row in events {
            assert_eq!(*seen.entry(place(row)).or_insert(row), *row);
        }
    }
    assert!(ties > 1000);
}
