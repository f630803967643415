//! Lines of carts that were left.

use chrono::{TimeZone, Utc};

use super::*;
use crate::rows::Item;

#[test]
fn a_line_holds_the_items_of_all_carts_in_event_order() {
    let cart = |when: &str| event("add_to_cart", when);
    let oracle = oracle(vec![
        event("page_view", "05 23:50:00"),
        cart("06 00:10:00").item(Item::new("S3", "Hose").price(0.1).quantity(12)),
        cart("05 23:55:00")
            .item(Item::new("S1", "Valve").price(12.5).quantity(2))
            .item(Item::filler())
            .item(Item::new("S2", "Pump")),
        // The same item once more is one line more; quantity missing is 1.
        cart("05 23:55:00").batch(None, None, None).item(Item::new("S1", "Valve").price(12.5)),
        event("page_view", "06 00:30:00"),
    ]);
    let lines = oracle.cart_lines(&january(5, 5));
    assert_eq!(lines.len(), 1);
    let line = &lines[0].line;
    assert_eq!(line.head.event_date, day(6));
    assert_eq!(line.last_activity, day(6));
    assert_eq!(line.last_activity_at, Utc.with_ymd_and_hms(2026, 1, 6, 5, 10, 0).unwrap());
    assert_eq!(line.items_count, 4);
    assert_eq!((line.total_value, line.has_value), (decimal("38.7"), true));
    assert_eq!(line.products[3].item_id.as_deref(), Some("S3"));
    assert!(oracle.cart_lines(&january(6, 6)).is_empty());
}

#[test]
fn a_cart_without_real_items_is_a_line_too() {
    let oracle = oracle(vec![event("add_to_cart", "05 10:00:00").item(Item::filler())]);
    let line = &oracle.cart_lines(&january(5, 5))[0].line;
    assert_eq!((line.items_count, line.total_value, line.has_value), (0, decimal("0"), false));
}

#[test]
fn a_visit_that_bought_left_no_cart() {
    let oracle = oracle(vec![
        event("purchase", "05 09:00:00"),
        event("add_to_cart", "05 10:00:00").item(Item::new("S1", "Valve")),
    ]);
    assert!(oracle.cart_lines(&january(5, 5)).is_empty());
}

#[test]
fn newest_activity_comes_first() {
    let cart = |session: i64, when: &str| stranger("add_to_cart", when).visit("a", session);
    let oracle =
        oracle(vec![cart(1, "05 10:00:00"), cart(2, "05 12:00:00"), cart(3, "05 09:00:00"), cart(3, "05 11:00:00")]);
    let sessions: Vec<_> =
        oracle.cart_lines(&january(5, 5)).into_iter().map(|dated| dated.line.head.session_id.unwrap()).collect();
    assert_eq!(sessions, ["2", "3", "1"]);
}
