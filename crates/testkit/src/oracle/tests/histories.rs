//! What one user or one visit did.

use serde_json::json;

use super::super::{Details, HistoryEntry, SessionHistory};
use super::*;
use crate::rows::Item;

fn sample() -> Oracle {
    oracle(vec![
        event("login", "05 10:00:00").property("WebUserId", "U1"),
        event("page_view", "05 10:00:01").page("/a"),
        event("view_item", "05 10:00:02")
            .item(Item::new("S1", "Valve").category("Valves").price(2.5))
            .item(Item::filler())
            .item(Item::new("S2", "Pump").quantity(3)),
        event("view_search_results_no_results", "05 10:00:03").param("search_term", " pump "),
        event("purchase", "05 10:00:04")
            .transaction("T1")
            .revenue(12.5)
            .item(Item::new("S1", "Valve").category("Valves").price(2.5)),
        stranger("page_view", "06 10:00:00").property("WebUserId", "U1"),
        stranger("page_view", "06 10:00:00").visit("b", 1).property("WebUserId", "U2"),
    ])
}

fn entries(history: SessionHistory) -> Vec<HistoryEntry> {
    match history {
        SessionHistory::Entries(entries) => entries,
        SessionHistory::Ambiguous(candidates) => panic!("{candidates:?}"),
    }
}

#[test]
fn a_user_history_has_the_visits_events_and_the_lone_ones() {
    let oracle = sample();
    let types: Vec<_> = oracle.user_history("U1", 1000).into_iter().map(|entry| entry.event_type).collect();
    assert_eq!(types, ["page_view", "view_item", "view_item", "no_search_results", "purchase", "page_view"]);
    let newest = oracle.user_history("U1", 2);
    assert_eq!(newest[0].event_type, "purchase");
    assert_eq!(newest[1].session_id, None);
    assert!(oracle.user_history("nobody", 1000).is_empty());
}

#[test]
fn a_shared_session_id_needs_its_visitor() {
    let oracle = sample();
    assert_eq!(
        oracle.session_history("1", None, 1000),
        SessionHistory::Ambiguous(vec!["a".to_owned(), "b".to_owned()])
    );
    assert_eq!(entries(oracle.session_history("1", Some("a"), 1000)).len(), 5);
    assert_eq!(entries(oracle.session_history("1", Some("b"), 1000)).len(), 1);
    assert!(entries(oracle.session_history("2", None, 1000)).is_empty());
}

#[test]
fn an_answer_of_the_api_reads_as_the_same_entries() {
    let ours = entries(sample().session_history("1", Some("a"), 1000));
    let details = [
        json!({ "page_location": "/a", "page_title": "Title of /a" }),
        json!({ "item_id": "S1", "item_name": "Valve", "category": "Valves", "price": 2.50, "quantity": 1 }),
        json!({ "item_id": "S2", "item_name": "Pump", "category": null, "price": null, "quantity": 3 }),
        json!({ "search_term": "pump" }),
        json!({ "transaction_id": "T1", "revenue": "$12.50", "items": "[{\"name\":\"Valve\",\"sku\":\"S1\",\"item_id\":\"S1\",\"item_name\":\"Valve\",\"price\":2.5,\"quantity\":1}]" }),
    ];
    for (entry, details) in ours.iter().zip(details) {
        let json = json!({
            "event_timestamp": entry.event_timestamp,
            "param_ga_session_id": "1",
            "event_type": entry.event_type,
            "details": details,
        });
        assert_eq!(HistoryEntry::from_api(&json).as_ref(), Ok(entry));
    }
    let Details::Purchase { revenue, .. } = &ours[4].details else {
        panic!("{:?}", ours[4]);
    };
    assert_eq!(*revenue, Some(decimal("12.5")));
    assert!(HistoryEntry::from_api(&json!({ "event_type": "page_view", "details": {} })).is_err());
}
