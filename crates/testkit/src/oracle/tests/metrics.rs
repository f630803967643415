//! The dashboard's figures on literal visits.

use super::*;

#[test]
fn an_empty_range_is_all_zeros() {
    let metrics = oracle(vec![event("page_view", "05 10:00:00")]).metrics(&january(6, 8));
    assert_eq!(metrics, super::super::Metrics { currency: "USD".to_owned(), ..Default::default() });
}

#[test]
fn users_repeat_within_the_selection_only() {
    let visit = |session: i64, when: &str, branch: &str, user: &str| {
        stranger("page_view", when)
            .visit("a", session)
            .property("default_branch_id", branch)
            .property("WebUserId", user)
    };
    let oracle = oracle(vec![
        visit(1, "05 10:00:00", "D01", "U1"),
        visit(2, "06 10:00:00", "D02", "U1"),
        visit(3, "06 11:00:00", "D02", "U2"),
        visit(4, "07 11:00:00", "D02", "U2"),
        visit(5, "07 12:00:00", "D02", "(not set)"),
    ]);
    let seen = |selection: &Selection| {
        let metrics = oracle.metrics(selection);
        (metrics.total_visitors, metrics.unique_users, metrics.repeat_visits)
    };
    assert_eq!(seen(&january(5, 7)), (5, 2, 2));
    assert_eq!(seen(&january(6, 7)), (4, 2, 1));
    assert_eq!(seen(&january(5, 7).at(&["D02"])), (4, 2, 1));
    assert_eq!(seen(&january(5, 7).at(&["D01", "D02"])), (5, 2, 2));
    assert_eq!(seen(&january(5, 7).at(&["D03"])), (0, 0, 0));
    assert_eq!(seen(&january(5, 7).at(&[])), (0, 0, 0));
}

#[test]
fn a_visit_needs_a_page_view_to_be_a_visitor() {
    let oracle = oracle(vec![event("view_item", "05 10:00:00").property("WebUserId", "U1")]);
    let metrics = oracle.metrics(&january(5, 5));
    assert_eq!((metrics.total_visitors, metrics.unique_users), (0, 0));
}

#[test]
fn carts_are_abandoned_when_the_visit_has_no_purchase_event() {
    let cart = |session: i64| stranger("add_to_cart", "05 10:00:00").visit("a", session);
    let purchase = |session: i64| stranger("purchase", "06 10:00:00").visit("a", session).transaction("T1");
    let oracle = oracle(vec![
        cart(1),
        cart(1).batch(Some(1), None, None),
        cart(2),
        purchase(2),
        // A duplicate that does not count is a purchase event all the same.
        cart(3),
        purchase(3).batch(Some(1), None, None),
    ]);
    let metrics = oracle.metrics(&january(5, 6));
    assert_eq!((metrics.abandoned_carts, metrics.purchases), (1, 1));
}

#[test]
fn searches_are_events_with_or_without_a_term() {
    let mut input = input_in(
        "USD",
        vec![
            event("view_search_results", "05 10:00:00").param("search_term", "pump"),
            event("view_search_results", "05 10:00:01"),
            event("no_search_results", "05 10:00:02"),
            event("view_search_results_no_results", "05 10:00:03"),
            event("nothing_found", "05 10:00:04"),
        ],
    );
    let searches = |input: &Input| {
        let metrics = Oracle::new(input).metrics(&january(5, 5));
        (metrics.total_searches, metrics.failed_searches)
    };
    assert_eq!(searches(&input), (4, 2));
    input.settings.failed_search_aliases = vec!["nothing_found".to_owned()];
    assert_eq!(searches(&input), (5, 3));
}

#[test]
fn an_events_day_is_its_own_and_its_branch_is_its_visits() {
    let oracle = oracle(vec![
        event("page_view", "05 23:59:00"),
        event("view_search_results", "06 00:01:00"),
        event("session_start", "06 00:02:00").property("default_branch_id", "D01"),
        stranger("view_search_results", "06 10:00:00").property("default_branch_id", "D02"),
    ]);
    let searches = |selection: Selection| oracle.metrics(&selection).total_searches;
    assert_eq!(searches(january(5, 5)), 0);
    assert_eq!(searches(january(6, 6)), 2);
    assert_eq!(searches(january(6, 6).at(&["D01"])), 1);
    assert_eq!(searches(january(6, 6).at(&["D02"])), 1);
}

#[test]
fn the_conversion_rate_has_two_decimals_and_rounds_half_up() {
    let rate = |purchases: u64, visits: i64| {
        let mut events = Vec::new();
        for session in 0..visits {
            events.push(stranger("page_view", "05 10:00:00").visit("a", session));
        }
        for number in 0..purchases {
            let id = format!("T{number}");
            events.push(event("purchase", "05 10:00:01").transaction(id.as_str()));
        }
        oracle(events).metrics(&january(5, 5)).conversion_rate
    };
    assert_eq!(rate(1, 3), decimal("33.33"));
    assert_eq!(rate(2, 3), decimal("66.67"));
    assert_eq!(rate(1, 800), decimal("0.13"));
    assert_eq!(rate(3, 2), decimal("150"));
    assert_eq!(rate(1, 0), decimal("0"));
}
