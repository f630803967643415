//! Periods of the chart, across clock changes too.

use chrono::Weekday;

use super::super::Granularity;
use super::*;

fn on(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

/// (time, visitors, carts) of every period.
fn drawn(oracle: &Oracle, selection: &Selection, granularity: Granularity) -> Vec<(String, u64, u64)> {
    oracle
        .chart(selection, granularity)
        .into_iter()
        .map(|period| (period.time, period.visitors, period.carts))
        .collect()
}

#[test]
fn every_day_is_there_and_visits_and_events_go_by_their_own_day() {
    let oracle = oracle(vec![
        event("page_view", "05 23:59:00"),
        event("add_to_cart", "06 00:01:00"),
        event("purchase", "06 00:02:00").revenue(3.5),
        event("no_search_results", "06 00:03:00"),
    ]);
    let chart = oracle.chart(&january(4, 6), Granularity::Daily);
    let seen: Vec<_> =
        chart.iter().map(|p| (p.time.as_str(), p.visitors, p.carts, p.purchases, p.revenue, p.searches)).collect();
    assert_eq!(
        seen,
        [
            ("2026-01-04", 0, 0, 0, decimal("0"), 0),
            ("2026-01-05", 1, 0, 0, decimal("0"), 0),
            ("2026-01-06", 0, 1, 1, decimal("3.5"), 1),
        ]
    );
    assert_eq!(chart[0].date, day(4));
}

#[test]
fn hours_are_those_of_the_tenants_clock() {
    let oracle = oracle(vec![
        event("session_start", "05 09:59:00"),
        event("page_view", "05 11:59:00"),
        event("add_to_cart", "05 12:00:00"),
    ]);
    let hours = drawn(&oracle, &january(5, 5), Granularity::Hourly);
    assert_eq!(hours.len(), 24);
    assert_eq!(hours[9], ("2026-01-05T09:00".to_owned(), 0, 0));
    assert_eq!(hours[11], ("2026-01-05T11:00".to_owned(), 1, 0));
    assert_eq!(hours[12], ("2026-01-05T12:00".to_owned(), 0, 1));
    let fours = drawn(&oracle, &january(5, 5), Granularity::FourHours);
    assert_eq!(fours.len(), 6);
    assert_eq!(fours[2], ("2026-01-05T08:00".to_owned(), 1, 0));
    assert_eq!(fours[3], ("2026-01-05T12:00".to_owned(), 0, 1));
    let halves = drawn(&oracle, &january(5, 6), Granularity::TwelveHours);
    assert_eq!(
        halves,
        [
            ("2026-01-05T00:00".to_owned(), 1, 0),
            ("2026-01-05T12:00".to_owned(), 0, 1),
            ("2026-01-06T00:00".to_owned(), 0, 0),
            ("2026-01-06T12:00".to_owned(), 0, 0),
        ]
    );
}

#[test]
fn an_hour_that_the_clock_skips_is_no_period() {
    let spring = Selection::days(on(2026, 3, 8), on(2026, 3, 8));
    let view = Event::at("page_view", ZONE, "2026-03-08 03:00:00").visit("a", 1);
    let hours = drawn(&oracle(vec![view]), &spring, Granularity::Hourly);
    assert_eq!(hours.len(), 23);
    assert_eq!(hours[1].0, "2026-03-08T01:00");
    assert_eq!(hours[2], ("2026-03-08T03:00".to_owned(), 1, 0));
    assert_eq!(drawn(&oracle(vec![]), &spring, Granularity::FourHours).len(), 6);
}

#[test]
fn an_hour_that_comes_twice_is_one_period() {
    let autumn = Selection::days(on(2026, 11, 1), on(2026, 11, 1));
    let first = Event::at("add_to_cart", ZONE, "2026-11-01 01:30:00").visit("a", 1);
    let second =
        Event::new("add_to_cart", on(2026, 11, 1), crate::rows::micros(ZONE, "2026-11-01 01:30:00") + 3_600_000_000)
            .visit("a", 1);
    let hours = drawn(&oracle(vec![first, second]), &autumn, Granularity::Hourly);
    assert_eq!(hours.len(), 24);
    assert_eq!(hours[1], ("2026-11-01T01:00".to_owned(), 0, 2));
}

#[test]
fn weeks_begin_as_the_tenant_says_and_the_first_inside_the_range() {
    // 2026-01-05 is a Monday.
    let mut input = input_in("USD", vec![event("add_to_cart", "11 10:00:00")]);
    let weeks = |input: &Input| drawn(&Oracle::new(input), &january(3, 13), Granularity::Weekly);
    let week = |day: &str, carts| (format!("2026-01-{day}"), 0, carts);
    assert_eq!(weeks(&input), [week("03", 0), week("05", 1), week("12", 0)]);
    input.settings.week_start = Weekday::Sun;
    assert_eq!(weeks(&input), [week("03", 0), week("04", 0), week("11", 1)]);
}

#[test]
fn months_begin_inside_the_range() {
    let range = Selection::days(on(2025, 12, 30), on(2026, 2, 1));
    let months = drawn(&oracle(vec![event("add_to_cart", "31 23:59:59")]), &range, Granularity::Monthly);
    assert_eq!(
        months,
        [("2025-12-30".to_owned(), 0, 0), ("2026-01-01".to_owned(), 0, 1), ("2026-02-01".to_owned(), 0, 0),]
    );
}
