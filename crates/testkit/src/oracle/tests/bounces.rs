//! Lines of bounced visits, and the worst entry pages.

use super::*;

fn view(session: i64, when: &str, page: &str) -> Event {
    stranger("page_view", when).visit("a", session).page(page)
}

#[test]
fn a_bounce_saw_exactly_one_page_however_often() {
    let oracle = oracle(vec![
        view(1, "05 10:00:00", "/a"),
        view(1, "06 10:00:00", "/a"),
        view(1, "05 10:00:01", "(not set)"),
        view(2, "05 11:00:00", "/a"),
        view(2, "05 11:00:01", "/b"),
        view(3, "05 12:00:00", "(not set)"),
        stranger("view_item", "05 12:00:00").visit("a", 4).page("/a"),
    ]);
    let lines = oracle.bounce_lines(&january(5, 5));
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].line.entry_page, "/a");
    assert_eq!(lines[0].line.head.event_date, day(6));
}

#[test]
fn the_ten_worst_pages_by_count_then_code_point() {
    let mut events = Vec::new();
    for (session, page) in (1..).zip(["/b", "/b", "/B", "/a", "/c", "/d", "/e", "/f", "/g", "/h", "/i", "/ä"]) {
        events.push(view(session, "05 10:00:00", page));
    }
    let pages = oracle(events).bounced_pages(&january(5, 5));
    let seen: Vec<_> = pages.iter().map(|page| (page.entry_page.as_str(), page.bounce_count)).collect();
    assert_eq!(
        seen,
        [("/b", 2), ("/B", 1), ("/a", 1), ("/c", 1), ("/d", 1), ("/e", 1), ("/f", 1), ("/g", 1), ("/h", 1), ("/i", 1),]
    );
}
