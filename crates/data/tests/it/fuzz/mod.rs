//! Hostile rows, files, lists and bodies: nothing panics, and what comes in is taken whole or not at all.
//!
//! The properties of the targets in `fuzz/`, on the seeds that are kept there and on input made here, both also after
//! mutation.

mod bodies;
mod files;
mod import;
mod lists;
mod mutation;
mod rows;

use std::path::PathBuf;

use chrono::NaiveDate;
use data_service::ga4::{MappedEvent, MappingSettings};
use data_service::load::encode_event;
use proptest::test_runner::{Config, TestRunner};

fn settings() -> MappingSettings {
    MappingSettings {
        currency: "USD".into(),
        user_property: "WebUserId".into(),
        branch_property: "default_branch_id".into(),
        failed_search_aliases: vec!["view_search_results_no_results".into()],
        latest_timestamp: chrono::Utc::now().timestamp_micros() + 86_400_000_000,
    }
}

/// Export rows to spoil: of every kind, with all that the product reads.
fn good_rows() -> Vec<Vec<u8>> {
    let spec = testkit::rows::RandomSpec { visits: 40, ..testkit::rows::RandomSpec::default() };
    testkit::rows::random(7, &spec).iter().map(|row| row.to_string().into_bytes()).collect()
}

/// The seeds of a target in `fuzz/corpus`.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no seeds of {target}");
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

/// Runs a property so often; PROPTEST_CASES asks for more.
fn runner(cases: u32) -> TestRunner {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    let cases = cases.max(asked);
    TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 300, ..Config::default() })
}

/// Holds a mapped event against what the staging table can take.
fn check_event(event: &MappedEvent) {
    let (first, last) = (NaiveDate::from_ymd_opt(2000, 1, 1), NaiveDate::from_ymd_opt(2099, 12, 31));
    assert!(Some(event.event_date) >= first && Some(event.event_date) <= last && event.event_timestamp > 0);
    let ids = [&event.user_pseudo_id, &event.web_user_id, &event.ga_user_id, &event.branch_id, &event.transaction_id];
    assert!(ids.iter().all(|id| id.as_ref().is_none_or(|id| id.len() <= 500)));
    let items = event.items.as_ref().map(ToString::to_string);
    let texts = [&event.page_location, &event.page_title, &event.term, &event.currency, &event.extra, &items];
    for text in ids.iter().chain(&texts).copied().flatten() {
        assert!(!text.contains('\0'), "PostgreSQL takes no NUL: {text:?}");
    }
    for json in [&event.extra, &items].into_iter().flatten() {
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        assert!(!json.to_string().contains("\\u0000"), "nor an escaped one: {json}");
    }
    encode_event(event, &mut Vec::new()).unwrap();
}
