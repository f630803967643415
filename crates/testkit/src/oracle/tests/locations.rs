//! Rows per branch, and the branches one can choose from.

use super::*;

fn view(session: i64, branch: &str) -> Event {
    stranger("page_view", "05 10:00:00")
        .visit("a", session)
        .property("default_branch_id", branch)
        .property("WebUserId", "U1")
}

#[test]
fn every_active_location_has_a_row_whatever_the_selection_says() {
    let oracle = oracle(vec![view(1, "D01"), view(2, "D01"), view(3, "D09"), view(4, "D77")]);
    let rows = oracle.location_stats(&january(5, 5).at(&["D02"]));
    let seen: Vec<_> =
        rows.iter().map(|row| (row.location_id.as_str(), row.total_visitors, row.repeat_visits)).collect();
    assert_eq!(seen, [("D01", 2, 1), ("D02", 0, 0)]);
    assert_eq!(rows[0].location_name, "Baker");
    assert_eq!(rows[0].state.as_deref(), Some("NY"));
}

#[test]
fn locations_to_choose_are_active_have_page_views_and_stand_by_name() {
    let page_view_of_no_visit = stranger("page_view", "05 10:00:00").property("default_branch_id", "D02");
    let oracle = oracle(vec![view(1, "D01"), view(2, "D09"), page_view_of_no_visit]);
    let names: Vec<_> = oracle.locations().into_iter().map(|view| view.location_name).collect();
    assert_eq!(names, ["Able", "Baker"]);
    let search = event("view_search_results", "05 10:00:00").property("default_branch_id", "D01");
    assert!(super::oracle(vec![search]).locations().is_empty());
}
