//! Lines of returning customers.

use super::*;
use crate::rows::Item;

/// A visit of U1 that saw `pages` pages.
fn visit(session: i64, when: &str, pages: usize) -> Vec<Event> {
    (0..pages)
        .map(|page| {
            stranger("page_view", when).visit("a", session).page(&format!("/{page}")).property("WebUserId", "U1")
        })
        .collect()
}

#[test]
fn a_user_with_two_active_visits_in_the_selection_is_listed_with_both() {
    let mut events = visit(1, "05 10:00:00", 3);
    events.extend(visit(2, "06 10:00:00", 4));
    events.extend(visit(3, "06 11:00:00", 2));
    let oracle = oracle(events);
    let lines = oracle.repeat_lines(&january(5, 6));
    let seen: Vec<_> = lines
        .iter()
        .map(|dated| (dated.line.head.session_id.as_deref().unwrap(), dated.line.page_views_count))
        .collect();
    assert_eq!(seen, [("2", 4), ("1", 3)]);
    assert!(oracle.repeat_lines(&january(6, 6)).is_empty());
    assert!(oracle.repeat_lines(&january(5, 6).at(&["D01"])).is_empty());
}

#[test]
fn a_visit_is_active_by_distinct_real_pages_of_its_page_views() {
    let mut events = visit(1, "05 10:00:00", 3);
    let view = |page: &str| stranger("page_view", "05 11:00:00").visit("a", 2).page(page).property("WebUserId", "U1");
    events.extend([view("/1"), view("/1"), view("/2"), view("(not set)"), view("")]);
    // The page of another event is no page view.
    events.push(stranger("view_item", "05 11:00:00").visit("a", 2).page("/3"));
    assert!(oracle(events).repeat_lines(&january(5, 5)).is_empty());
}

#[test]
fn products_are_distinct_in_order_of_first_view_as_first_seen() {
    let view = |when: &str, page: &str| event("view_item", when).page(page);
    let mut events = visit(1, "05 10:00:00", 3);
    events.extend(visit(2, "05 12:00:00", 3));
    events.extend([
        view("05 10:02:00", "/late").item(Item::new("S1", "Renamed").price(9.0)),
        view("05 10:01:00", "/list")
            .item(Item::new("S2", "Pump").category("Pumps"))
            .item(Item::filler())
            .item(Item::new("S1", "Valve").price(5.0)),
        view("05 10:03:00", "(not set)")
            .item(Item::default().name("Loose bolt"))
            .item(Item::default().id("S3"))
            .item(Item::new("(other)", "Loose bolt").price(1.0)),
    ]);
    let lines = oracle(events).repeat_lines(&january(5, 5));
    let line = &lines[1].line;
    assert_eq!(line.head.session_id.as_deref(), Some("1"));
    assert_eq!(line.products_viewed, 4);
    let seen: Vec<_> = line
        .products_details
        .iter()
        .map(|p| (p.title.as_str(), p.url.as_deref(), p.category.as_deref(), p.price))
        .collect();
    assert_eq!(
        seen,
        [
            ("Pump", Some("/list"), Some("Pumps"), None),
            ("Valve", Some("/list"), None, Some(decimal("5"))),
            ("Loose bolt", None, None, None),
            ("S3", None, None, None),
        ]
    );
}
