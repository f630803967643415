//! Which events make a visit, and its day, user and branch.

use super::*;
use crate::rows::Slot;

#[test]
fn a_session_id_alone_never_identifies_a_visit() {
    let oracle = oracle(vec![
        stranger("page_view", "05 10:00:00").visit("a", 1),
        stranger("page_view", "05 10:00:01").visit("b", 1),
        stranger("page_view", "05 10:00:02").visit("a", 2),
        // The same visit, its id in the form of a cookie.
        stranger("page_view", "05 10:00:03").pseudo_id("a").session_cookie(2),
    ]);
    assert_eq!(oracle.metrics(&january(5, 5)).total_visitors, 3);
}

#[test]
fn events_without_visitor_or_session_belong_to_no_visit() {
    let oracle = oracle(vec![
        stranger("page_view", "05 10:00:00").session(1),
        stranger("page_view", "05 10:00:00").pseudo_id("a"),
        stranger("page_view", "05 10:00:00").pseudo_id("(not set)").session(1),
        stranger("view_search_results", "05 10:00:00"),
    ]);
    let metrics = oracle.metrics(&january(5, 5));
    assert_eq!(metrics.total_visitors, 0);
    assert_eq!(metrics.total_searches, 1);
    assert!(oracle.visit_keys().is_empty());
}

#[test]
fn a_visit_belongs_to_the_day_of_its_first_landed_event() {
    let oracle = oracle(vec![
        event("session_start", "05 23:59:58"),
        event("page_view", "06 00:00:01"),
        event("add_to_cart", "07 00:00:01"),
    ]);
    assert_eq!(oracle.visit_keys(), [("a".to_owned(), "1".to_owned(), day(6))]);
    assert_eq!(oracle.metrics(&january(5, 5)).total_visitors, 0);
    let metrics = oracle.metrics(&january(6, 6));
    assert_eq!((metrics.total_visitors, metrics.abandoned_carts), (1, 1));
    assert_eq!(oracle.metrics(&january(7, 7)).abandoned_carts, 0);
}

#[test]
fn a_visit_without_a_landed_event_is_none() {
    let oracle = oracle(vec![event("session_start", "05 10:00:00"), event("login", "05 10:00:01")]);
    assert!(oracle.visit_keys().is_empty());
    assert!(oracle.landed().is_empty());
}

#[test]
fn user_and_branch_are_the_last_real_ones_of_any_event() {
    let oracle = oracle(vec![
        event("session_start", "04 23:59:59").property("default_branch_id", "D01"),
        event("page_view", "05 10:00:00").property("WebUserId", "U0").user_id("ga"),
        event("login", "05 10:00:01").property("WebUserId", "U1"),
        event("page_view", "05 10:00:02")
            .property("WebUserId", "(not set)")
            .property("default_branch_id", Slot::Empty)
            .page("/only"),
    ]);
    let bounce = &oracle.bounce_lines(&january(5, 5))[0].line;
    assert_eq!(bounce.head.user_id.as_deref(), Some("U1"));
    assert_eq!(bounce.head.customer_name.as_deref(), Some("Acme"));
    assert_eq!(bounce.head.phone.as_deref(), Some("555-0101"));
    assert_eq!(bounce.head.office_phone, None);
    assert_eq!(bounce.head.location_id.as_deref(), Some("D01"));
    assert_eq!(oracle.known_users(), ["U1"]);
}

#[test]
fn the_user_id_field_counts_only_where_no_property_names_a_user() {
    let with_late_field = oracle(vec![
        event("page_view", "05 10:00:00").property("WebUserId", 4711_i64),
        event("page_view", "05 10:00:01").user_id("ga"),
    ]);
    assert_eq!(with_late_field.known_users(), ["4711"]);
    let with_field_only = oracle(vec![
        event("page_view", "05 10:00:00").user_id("ga-1"),
        event("scroll", "05 10:00:01").user_id("ga-2"),
        event("page_view", "05 10:00:02").user_id("(not set)"),
    ]);
    assert_eq!(with_field_only.known_users(), ["ga-2"]);
}

#[test]
fn a_property_wins_over_a_parameter_of_the_same_event() {
    let oracle = oracle(vec![
        event("page_view", "05 10:00:00")
            .param("default_branch_id", "D02")
            .param("WebUserId", "U1")
            .property("WebUserId", "U2"),
    ]);
    assert_eq!(oracle.known_users(), ["U2"]);
    assert_eq!(oracle.metrics(&january(5, 5).at(&["D02"])).total_visitors, 1);
}

#[test]
fn ties_of_the_timestamp_are_broken_by_the_batch_fields_nulls_last() {
    let tie = |user: &str| event("page_view", "05 10:00:00").property("WebUserId", user);
    let last_of = |a: Event, b: Event| oracle(vec![a, b]).known_users();
    assert_eq!(last_of(tie("U2").batch(Some(2), None, None), tie("U1").batch(Some(1), None, None)), ["U2"]);
    assert_eq!(last_of(tie("U2").batch(None, Some(1), None), tie("U1").batch(Some(9), Some(9), None)), ["U2"]);
    assert_eq!(last_of(tie("U2").batch(Some(1), Some(2), Some(1)), tie("U1").batch(Some(1), Some(1), Some(9))), ["U2"]);
    assert_eq!(
        last_of(tie("U2").batch(Some(1), Some(1), Some(10)), tie("U1").batch(Some(1), Some(1), Some(9))),
        ["U2"]
    );
}
