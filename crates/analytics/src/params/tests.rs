//! Reading parameters: every fault is told, by the name of its field.

use common::http::{ApiError, FieldError};

use super::{Days, Params, days::day};

fn params(pairs: &[(&str, &str)]) -> Params {
    Params { pairs: pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(), faults: Vec::new() }
}

fn faults(params: Params) -> Vec<String> {
    match params.finish() {
        Ok(()) => Vec::new(),
        Err(ApiError::Invalid(errors)) => errors.into_iter().map(|FieldError { field, .. }| field).collect(),
        Err(other) => panic!("{other:?}"),
    }
}

#[test]
fn only_days_that_exist_in_the_one_form_are_days() {
    assert_eq!(day("2024-02-29").map(|day| day.to_string()).as_deref(), Some("2024-02-29"));
    for text in
        ["2023-02-29", "2024-13-01", "2024-1-05", "+2024-01-05", "20240105", "2024-01-05T00:00", "2024-01-0٣", ""]
    {
        assert_eq!(day(text), None, "{text}");
    }
}

#[test]
fn a_range_has_both_ends_in_order_and_ten_years_at_most() {
    for (pairs, expected) in [
        (vec![], vec![]),
        (vec![("start_date", "2026-01-01"), ("end_date", "2026-01-01")], vec![]),
        (vec![("start_date", "2016-01-02"), ("end_date", "2026-01-01")], vec![]),
        (vec![("start_date", "2016-01-01"), ("end_date", "2026-01-01")], vec!["end_date"]),
        (vec![("start_date", "2026-01-02"), ("end_date", "2026-01-01")], vec!["end_date"]),
        (vec![("start_date", "2026-01-02")], vec!["end_date"]),
        (vec![("end_date", "2026-01-02")], vec!["start_date"]),
        (vec![("start_date", "x"), ("end_date", "y")], vec!["start_date", "end_date"]),
        (vec![("start_date", "x")], vec!["end_date", "start_date"]),
    ] {
        let mut params = params(&pairs);
        let days = params.days();
        let found = faults(params);
        assert_eq!(found, expected, "{pairs:?}");
        assert_eq!(days.is_some(), expected.is_empty() && !pairs.is_empty(), "{pairs:?}");
    }
    let mut year = params(&[("start_date", "2024-01-01"), ("end_date", "2024-12-31")]);
    assert_eq!(year.days().map(Days::count), Some(366));
}

#[test]
fn all_faults_are_kept() {
    let long = "x".repeat(501);
    let mut params =
        params(&[("page", "0"), ("limit", "1001"), ("query", &long), ("a", "1"), ("a", "2"), ("flag", "yes")]);
    assert_eq!(params.whole("page", 1..=10), None);
    assert_eq!(params.whole("limit", 1..=1000), None);
    params.text("query");
    params.text("a");
    assert_eq!(params.flag("flag"), None);
    params.needed("session_id");
    assert_eq!(faults(params), ["page", "limit", "query", "a", "flag", "session_id"]);
}

#[test]
fn a_text_that_no_database_holds_is_refused() {
    let mut params = params(&[("location_id", "D01"), ("location_id", "D\0")]);
    assert_eq!(params.texts("location_id").len(), 2);
    assert_eq!(faults(params), ["location_id"]);
}
