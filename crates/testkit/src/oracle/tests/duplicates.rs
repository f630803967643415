//! The same event twice is one; equal clicks all count.

use super::*;

fn click() -> Event {
    event("add_to_cart", "05 10:00:00")
}

fn carts(input: &Input) -> u64 {
    let landed = Oracle::new(input).landed();
    landed.get(&(day(5), super::super::Kind::AddToCart)).copied().unwrap_or_default()
}

#[test]
fn thirteen_identical_clicks_are_thirteen() {
    assert_eq!(carts(&input_in("USD", vec![click(); 13])), 13);
}

#[test]
fn loading_a_day_again_changes_nothing() {
    let rows = vec![click().build(); 3];
    let mut input = input_in("USD", vec![click(); 3]);
    input.append_day(day(5), rows.clone());
    assert_eq!(carts(&input), 3);
    // Stream, batch and device are not in the identity.
    let late = click().batch(Some(1), Some(2), Some(3)).field("platform", "WEB".into()).build();
    input.append_day(day(5), vec![late; 4]);
    assert_eq!(carts(&input), 4);
    input.replace_day(day(5), rows[..1].to_vec());
    assert_eq!(carts(&input), 1);
}

#[test]
fn an_event_id_makes_rows_of_one_name_and_day_the_same_event() {
    let named = |name: &str, when: &str, visitor: &str| {
        stranger(name, when).visit(visitor, 1).param("event_id", "e1").page(when)
    };
    let oracle = oracle(vec![
        named("page_view", "05 10:00:09", "a"),
        named("page_view", "05 10:00:01", "b"),
        named("page_view", "05 10:00:09", "a"),
        named("page_view", "06 10:00:00", "a"),
        named("add_to_cart", "05 10:00:00", "a"),
    ]);
    let views: Vec<_> = oracle
        .bounce_lines(&january(5, 6))
        .into_iter()
        .map(|dated| (dated.line.head.user_pseudo_id.unwrap(), dated.line.entry_page))
        .collect();
    assert_eq!(views, [("a".to_owned(), "06 10:00:00".to_owned()), ("b".to_owned(), "05 10:00:01".to_owned())]);
    assert_eq!(oracle.metrics(&january(5, 6)).abandoned_carts, 1);
}
