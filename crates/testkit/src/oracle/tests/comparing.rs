//! The comparison itself: what it lets through and what it catches.

use serde_json::json;

use super::super::{BounceLine, BouncedPage, compare};
use super::*;

fn view(session: i64, when: &str, page: &str) -> Event {
    stranger("page_view", when).visit("a", session).page(page)
}

/// A line as the product answers it.
fn answer(session: &str, page: &str) -> Value {
    json!({
        "line_id": "x", "completed": false, "session_id": session, "user_pseudo_id": "a", "location_id": null,
        "event_date": "2026-01-05", "user_id": null, "customer_name": null, "email": null, "phone": null,
        "office_phone": null, "entry_page": page, "a_field_of_tomorrow": 1
    })
}

fn check(answers: Vec<Value>) -> Result<(), String> {
    let oracle = oracle(vec![view(1, "05 10:00:00", "/a"), view(2, "05 11:00:00", "/b"), view(3, "05 11:00:00", "/c")]);
    let lines: Vec<BounceLine> = compare::parse(&json!(answers))?;
    compare::lines(&lines, &oracle.bounce_lines(&january(5, 5)))
}

#[test]
fn lines_of_one_instant_may_stand_either_way() {
    assert_eq!(check(vec![answer("2", "/b"), answer("3", "/c"), answer("1", "/a")]), Ok(()));
    assert_eq!(check(vec![answer("3", "/c"), answer("2", "/b"), answer("1", "/a")]), Ok(()));
}

#[test]
fn a_wrong_order_a_missing_a_doubled_and_a_differing_line_are_caught() {
    let (a, b, c) = (answer("1", "/a"), answer("2", "/b"), answer("3", "/c"));
    let order = check(vec![a.clone(), b.clone(), c.clone()]).unwrap_err();
    assert!(order.starts_with("not newest first"), "{order}");
    assert!(check(vec![b.clone(), c.clone()]).is_err());
    assert!(check(vec![b.clone(), c.clone(), a.clone(), a.clone()]).is_err());
    assert!(check(vec![b.clone(), c.clone(), answer("1", "/A")]).is_err());
    let mut bare = a;
    bare.as_object_mut().unwrap().remove("email");
    let missing = check(vec![b, c, bare]).unwrap_err();
    assert!(missing.contains("email"), "{missing}");
}

#[test]
fn a_defined_order_is_compared_place_by_place() {
    let page = |page: &str| BouncedPage { entry_page: page.to_owned(), bounce_count: 1 };
    assert_eq!(compare::sequence(&[page("/a"), page("/b")], &[page("/a"), page("/b")]), Ok(()));
    assert!(compare::sequence(&[page("/b"), page("/a")], &[page("/a"), page("/b")]).is_err());
    assert!(compare::sequence(&[page("/a")], &[page("/a"), page("/b")]).is_err());
}

#[test]
fn a_query_is_found_in_customer_product_term_and_transaction() {
    use crate::rows::Item;
    let oracle = oracle(vec![
        event("purchase", "05 10:00:00")
            .property("WebUserId", "U1")
            .transaction("T_1")
            .item(Item::new("S1", "Hahn 50%")),
        stranger("purchase", "05 10:00:00").transaction("Tx1"),
    ]);
    let lines = oracle.purchase_lines(&january(5, 5));
    for (query, found) in [("ACME", 1), ("una@", 1), ("0%", 1), ("t_1", 1), ("s1", 1), ("t", 2), ("555-", 0), ("U1", 0)]
    {
        assert_eq!(oracle.matching(&lines, query).len(), found, "{query}");
    }
}
