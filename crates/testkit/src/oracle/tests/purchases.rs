//! Which purchases count, and their lines.

use super::*;
use crate::rows::{Item, Slot};

fn purchase(when: &str, id: impl Into<Slot>, revenue: f64) -> Event {
    event("purchase", when).transaction(id).revenue(revenue)
}

#[test]
fn one_per_transaction_id_over_the_whole_history_the_first_counts() {
    let oracle = oracle(vec![
        purchase("20 10:00:00", "T1", 300.0).visit("b", 9),
        purchase("05 10:00:00", "T1", 100.0),
        purchase("05 10:00:01", "T1", 200.0),
        purchase("06 10:00:00", 4711_i64, 10.0),
        purchase("07 10:00:00", "4711", 20.0),
        purchase("08 10:00:00", 4711.0, 30.0),
    ]);
    let metrics = oracle.metrics(&january(5, 31));
    assert_eq!((metrics.purchases, metrics.revenue), (2, decimal("110")));
    assert_eq!(oracle.metrics(&january(7, 31)).purchases, 0);
}

#[test]
fn purchases_without_a_real_id_count_one_by_one() {
    let oracle = oracle(vec![
        purchase("05 10:00:00", "(not set)", 1.0),
        purchase("05 10:00:01", "", 2.0),
        purchase("05 10:00:02", Slot::Empty, 4.0),
        event("purchase", "05 10:00:03").revenue(8.0),
        event("purchase", "05 10:00:04").ecommerce("transaction_id", "(not set)".into()),
    ]);
    let metrics = oracle.metrics(&january(5, 5));
    assert_eq!((metrics.purchases, metrics.revenue), (5, decimal("15")));
}

#[test]
fn the_parameter_names_the_order_before_the_ecommerce_field() {
    let ecommerce = |event: Event, id: &str| event.ecommerce("transaction_id", id.into());
    let oracle = oracle(vec![
        ecommerce(purchase("05 10:00:00", "P1", 1.0), "E1"),
        ecommerce(purchase("05 10:00:01", "P1", 2.0), "E2"),
        ecommerce(purchase("05 10:00:02", 7_i64, 4.0), "(not set)"),
        ecommerce(purchase("05 10:00:03", "(not set)", 8.0), "E1"),
        ecommerce(event("purchase", "05 10:00:04").revenue(16.0), "E1"),
    ]);
    let lines = oracle.purchase_lines(&january(5, 5));
    let ids: Vec<_> = lines.iter().map(|dated| dated.line.transaction_id.as_deref().unwrap()).collect();
    assert_eq!(ids, ["E1", "7", "P1"]);
    assert_eq!(oracle.metrics(&january(5, 5)).revenue, decimal("13"));
}

#[test]
fn a_line_has_the_customer_the_value_and_the_real_items() {
    let oracle = oracle(vec![
        purchase("05 10:00:00", "T1", 25.5)
            .page("https://shop.example/done")
            .item(Item::filler())
            .item(Item::new("S1", "Valve").category("Valves").price(12.5).quantity(2))
            .item(Item::new("(not set)", "Hose").category("(not set)")),
        event("login", "05 10:00:09").property("WebUserId", "U1"),
    ]);
    let line = &oracle.purchase_lines(&january(5, 5))[0].line;
    assert_eq!(line.head.session_id.as_deref(), Some("1"));
    assert_eq!(line.ga_session_id.as_deref(), Some("1"));
    assert_eq!(line.head.user_pseudo_id.as_deref(), Some("a"));
    assert_eq!(line.head.event_date, day(5));
    assert_eq!(line.head.email.as_deref(), Some("una@example.com"));
    assert_eq!((line.order_value, line.has_value), (decimal("25.5"), true));
    assert_eq!(line.page_location, "https://shop.example/done");
    let [valve, hose] = line.products.as_slice() else {
        panic!("{:?}", line.products);
    };
    assert_eq!((valve.item_id.as_deref(), valve.price, valve.quantity), (Some("S1"), Some(decimal("12.5")), 2));
    assert_eq!((&hose.item_id, hose.item_name.as_deref()), (&None, Some("Hose")));
    assert_eq!((&hose.item_category, hose.price, hose.quantity), (&None, None, 1));
}

#[test]
fn a_purchase_of_no_visit_has_its_own_user_and_branch() {
    let oracle = oracle(vec![
        stranger("purchase", "05 10:00:00")
            .pseudo_id("a")
            .property("WebUserId", "U9")
            .property("default_branch_id", "D02"),
    ]);
    let line = &oracle.purchase_lines(&january(5, 5).at(&["D02"]))[0].line;
    assert_eq!(line.head.user_id.as_deref(), Some("U9"));
    assert_eq!(line.head.customer_name, None);
    assert_eq!((line.head.session_id.as_deref(), line.head.user_pseudo_id.as_deref()), (None, Some("a")));
    assert_eq!((line.order_value, line.has_value), (decimal("0"), false));
    assert_eq!(line.page_location, "");
    assert_eq!(line.transaction_id, None);
}
