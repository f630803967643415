//! Lines of searches.

use super::*;

fn found(when: &str, term: &str) -> Event {
    event("view_search_results", when).param("search_term", term)
}

/// (type, term, count, day) of each line.
fn lines(oracle: &Oracle, include_converted: bool) -> Vec<(String, String, u64, u32)> {
    use chrono::Datelike;
    oracle
        .search_lines(&january(5, 5), include_converted)
        .into_iter()
        .map(|dated| dated.line)
        .map(|line| (line.search_type, line.search_term, line.search_count, line.head.event_date.day()))
        .collect()
}

#[test]
fn a_failed_search_is_a_line_per_visit_and_term() {
    let failed = |when: &str| event("no_search_results", when);
    let oracle = oracle(vec![
        failed("05 10:00:00").param("no_search_results_term", "pump"),
        failed("06 10:00:00").param("no_search_results_term", " pump "),
        failed("05 10:00:02").param("search_term", "hose").param("no_search_results_term", "(not set)"),
        event("view_search_results_no_results", "05 10:00:03").param("search_term", "Pump"),
        failed("05 10:00:04").param("no_search_results_term", "  "),
        failed("05 10:00:05").param("no_search_results_term", "a").param("search_term", "b"),
    ]);
    let line = |term: &str, count, day| ("no_results".to_owned(), term.to_owned(), count, day);
    assert_eq!(lines(&oracle, false), [line("pump", 2, 6), line("a", 1, 5), line("Pump", 1, 5), line("hose", 1, 5)]);
}

#[test]
fn more_than_two_searches_without_a_purchase_led_to_nothing() {
    let two = vec![found("05 10:00:00", "b"), found("05 10:00:01", "B"), found("05 10:00:02", "(not set)")];
    assert!(lines(&oracle(two.clone()), false).is_empty());
    let mut three = two;
    three.push(found("05 10:00:03", " b "));
    assert_eq!(lines(&oracle(three), false), [("no_conversion".to_owned(), "B, b".to_owned(), 3, 5)]);
}

#[test]
fn visits_that_bought_are_kept_on_request_and_failed_searches_always() {
    let oracle = oracle(vec![
        found("05 10:00:00", "b"),
        found("05 10:00:01", "a"),
        found("05 10:00:02", "a"),
        event("no_search_results", "05 10:00:03").param("search_term", "c"),
        event("purchase", "05 10:00:04"),
    ]);
    let failed = ("no_results".to_owned(), "c".to_owned(), 1, 5);
    assert_eq!(lines(&oracle, false), std::slice::from_ref(&failed));
    assert_eq!(lines(&oracle, true), [failed, ("no_conversion".to_owned(), "a, b".to_owned(), 3, 5)]);
}
