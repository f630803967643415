//! A property's allowances and Google's faults: the job waits until the right time, says why, and goes on where it was;
//! what was had once is not asked for again.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, Days, Utc};
use chrono_tz::America::{Los_Angeles, New_York};
use serde_json::{Value, json};
use testkit::google::{Endpoint, Fault, MadeRow, Property, Reported};

use crate::data_api_scene::{PROPERTY, PropertyScene, a_day, registered, waits};
use crate::support::{assert_same, tables};

/// The reports of a day of [`a_day`], in the order they are asked for. Nothing is bought: `purchase` has no rows.
const REPORTS: [&str; 7] =
    ["page_view", "view_item", "add_to_cart", "purchase", "view_search_results", "no_search_results", "totals"];

const DAY: &str = "2026-03-10";

async fn scene(days: &[&str]) -> PropertyScene {
    PropertyScene::new(registered(days.iter().flat_map(|day| a_day(day)).collect())).await
}

/// Which reports were asked for.
fn names(scene: &PropertyScene) -> Vec<String> {
    scene.asked().into_iter().map(|(name, ..)| name).collect()
}

fn passes(count: usize) -> impl Iterator<Item = Fault> {
    (0..count).map(|_| Fault::Pass)
}

/// The note of a job that waits.
#[track_caller]
fn note(job: &Value) -> &str {
    assert_eq!((&job["status"], &job["progress"]["phase"]), (&json!("processing"), &json!("waiting")), "{job}");
    assert_eq!(job["progress"]["estimated_end"], Value::Null);
    job["progress"]["note"].as_str().unwrap()
}

fn until(job: &Value) -> DateTime<Utc> {
    job["waits_until"].as_str().unwrap().parse().unwrap()
}

#[track_caller]
fn is_over(job: &Value) {
    assert_eq!((&job["status"], &job["waits_until"]), (&json!("completed"), &Value::Null), "{job}");
}

/// Seconds until a minute after the next midnight in California.
fn to_midnight() -> i64 {
    let now = Utc::now().with_timezone(&Los_Angeles);
    let midnight = (now.date_naive() + Days::new(1)).and_hms_opt(0, 1, 0).unwrap();
    (midnight.and_local_timezone(Los_Angeles).unwrap() - now).num_seconds()
}

fn about(seconds: i64) -> RangeInclusive<i64> {
    seconds - 20..=seconds + 1
}

#[tokio::test]
async fn an_allowance_that_is_refused_is_waited_for_and_nothing_is_asked_twice() {
    let refused = [
        ("2026-03-01", Fault::Concurrent, 30, "Exhausted concurrent requests quota"),
        ("2026-03-02", Fault::PropertyHour, 1800, "will return in under an hour"),
        ("2026-03-03", Fault::ProjectHour, 1800, "tokens for a project per hour"),
        ("2026-03-04", Fault::Thresholded, 1800, "Exhausted potentially thresholded requests quota"),
        // Midnight is told without its zone, so it is looked for in between.
        ("2026-03-05", Fault::Day, to_midnight().min(7200), "tokens for a property per day"),
    ];
    let scene = scene(&refused.each_ref().map(|(day, ..)| *day)).await;
    for (day, fault, seconds, says) in refused {
        scene.stub.forget_calls();
        scene.stub.next(Endpoint::Report, passes(4).chain([fault]));
        let job = scene.start(day, day).await;
        let seen = scene.attempt(&job).await;
        assert!(about(seconds).contains(&waits(&seen)), "{says}: {} s", waits(&seen));
        let goes_on = until(&seen).format("; it goes on after %H:%M UTC on %Y-%m-%d").to_string();
        let note = note(&seen);
        assert!(note.starts_with(&format!("Google put off a report of {day} for property {PROPERTY}: ")), "{note}");
        assert!(note.contains(says) && note.ends_with(&goes_on), "{note}");
        // The one without rows is not asked for again either.
        assert_eq!(names(&scene), REPORTS[..5], "{says}");
        is_over(&scene.attempt(&job).await);
        assert_eq!(names(&scene), [&REPORTS[..5], &REPORTS[4..]].concat(), "{says}");
        assert_eq!(scene.number("select sum(event_count)::bigint from page_view").await % 5, 0);
    }
    assert_eq!(scene.number("select sum(event_count)::bigint from page_view").await, 25);
}

fn leaves(allowance: &'static str, consumed: i64, remaining: i64) -> Fault {
    Fault::Change(Box::new(move |body| {
        body["propertyQuota"][allowance] = json!({ "consumed": consumed, "remaining": remaining });
    }))
}

#[tokio::test]
async fn an_allowance_that_runs_low_ends_the_asking_before_it_is_refused() {
    let low = [
        ("2026-03-01", leaves("tokensPerHour", 5, 4), "the property's tokens of the hour are used up"),
        ("2026-03-02", leaves("tokensPerProjectPerHour", 5, 0), "tokens of the hour for one Google Cloud project"),
        ("2026-03-03", leaves("potentiallyThresholdedRequestsPerHour", 1, 0), "that may be thresholded are used up"),
        ("2026-03-04", leaves("serverErrorsPerProjectPerHour", 0, 3), "server errors of the hour are nearly used up"),
        ("2026-03-05", leaves("tokensPerDay", 5, 4), "they return at midnight in California"),
    ];
    let scene = scene(&["2026-03-01", "2026-03-02", "2026-03-03", "2026-03-04", "2026-03-05", "2026-03-06"]).await;
    for (day, fault, says) in low {
        scene.stub.forget_calls();
        scene.stub.next(Endpoint::Report, passes(2).chain([fault]));
        let job = scene.start(day, day).await;
        let seen = scene.attempt(&job).await;
        assert!(note(&seen).contains(says), "{seen}");
        if says.contains("midnight") {
            assert!(about(to_midnight()).contains(&waits(&seen)), "{} s", waits(&seen));
        } else {
            // A minute after the full hour.
            assert_eq!(until(&seen).format("%M:%S").to_string(), "01:00");
            assert!((0..=3660).contains(&waits(&seen)), "{} s", waits(&seen));
        }
        assert_eq!(names(&scene), REPORTS[..3], "{says}");
        is_over(&scene.attempt(&job).await);
        assert_eq!(names(&scene), REPORTS, "{says}");
    }
    // Requests at once, and of those that are counted only by chance: one at a time is no matter of either.
    scene.stub.forget_calls();
    let free = [leaves("concurrentRequests", 1, 0), leaves("potentiallyThresholdedRequestsPerHour", 0, 0)];
    scene.stub.next(Endpoint::Report, free);
    scene.pull("2026-03-06", "2026-03-06").await;
    assert_eq!(names(&scene), REPORTS);
}

#[tokio::test]
async fn a_day_that_is_whole_when_the_tokens_end_lands_and_the_next_one_waits() {
    let scene = scene(&["2026-03-10", "2026-03-11"]).await;
    scene.stub.next(Endpoint::Report, passes(6).chain([leaves("tokensPerHour", 5, 0)]));
    let job = scene.start("2026-03-10", "2026-03-11").await;
    let seen = scene.attempt(&job).await;
    note(&seen);
    assert_eq!((&seen["progress"]["days_done"], &seen["progress"]["days_total"]), (&json!(1), &json!(2)));
    assert_eq!(names(&scene), REPORTS);
    assert_eq!(scene.rows("select day from ingested_days").await, [json!({"day": "2026-03-11"})]);
    let ended = scene.attempt(&job).await;
    is_over(&ended);
    assert_eq!(names(&scene), [REPORTS, REPORTS].concat());
    assert_eq!(ended["records_processed"]["page_view"], 10);
}

#[tokio::test]
async fn two_requests_an_hour_bring_three_days_in_as_many_hours_as_that_takes() {
    let days = ["2026-03-10", "2026-03-11", "2026-03-12"];
    let mut scene = scene(&days).await;
    let job = scene.start(days[0], days[2]).await;
    let mut hours = 0;
    let ended = loop {
        scene.stub.no_more_faults();
        scene.stub.next(Endpoint::Report, passes(2).chain([Fault::PropertyHour]));
        let seen = scene.attempt(&job).await;
        if seen["status"] != "processing" {
            break seen;
        }
        hours += 1;
        // Two of a day's seven at a time.
        assert_eq!(seen["progress"]["days_done"], hours * 2 / 7, "{seen}");
        // The process that waits is not the one that goes on.
        scene.another_process();
    };
    is_over(&ended);
    assert_eq!(hours, 10);
    let asked = scene.asked();
    let (refused, had) = (10, 3 * REPORTS.len());
    assert_eq!(asked.len(), refused + had);
    let undisturbed = self::scene(&days).await;
    let whole = undisturbed.pull(days[0], days[2]).await;
    assert_eq!(whole["records_processed"], ended["records_processed"]);
    assert_same(
        &tables(&undisturbed.db.app, undisturbed.tenant, true).await,
        &tables(&scene.db.app, scene.tenant, true).await,
    );
}

#[tokio::test]
async fn a_process_that_dies_has_the_report_in_hand_asked_for_again_and_no_other() {
    let scene = scene(&["2026-03-10", "2026-03-11"]).await;
    let job = scene.start("2026-03-10", "2026-03-11").await;
    scene.stub.slow(Endpoint::Report, Duration::from_millis(60));
    for count in [3, 6, 10] {
        scene.killed(&job, || scene.stub.count(Endpoint::Report) >= count).await;
    }
    scene.stub.slow(Endpoint::Report, Duration::ZERO);
    is_over(&scene.attempt(&job).await);
    // Each death cost one request.
    let mut expected = Vec::new();
    for day in ["2026-03-11", "2026-03-10"] {
        expected.extend(REPORTS.map(|name| (name.to_owned(), day.to_owned(), 0)));
    }
    let mut asked = scene.asked();
    assert_eq!(asked.len(), 14 + 3);
    asked.dedup();
    assert_eq!(asked, expected);
    assert_eq!(scene.number("select sum(event_count)::bigint from page_view").await, 10);
}

/// Page views of so many pages, each a row of its own.
fn of_pages(rows: u64) -> Property {
    Property::made(New_York, move |ask| {
        let values = |metrics: String, dimensions: Vec<String>| MadeRow { dimensions, metrics: vec![metrics] };
        if ask.dimensions == ["eventName"] {
            return Reported::Rows(vec![values((rows * 2).to_string(), vec!["page_view".into()])]);
        }
        if ask.dimensions.iter().all(|name| name != "pageTitle") {
            return Reported::Rows(Vec::new());
        }
        let date = ask.start.format("%Y%m%d").to_string();
        let row = move |n: u64| {
            let minute = n * 1440 / rows;
            let time = format!("{date}{:02}{:02}", minute / 60, minute % 60);
            values("2".into(), vec![time, format!("https://shop.example/pages/{n}"), format!("Page {n}")])
        };
        Reported::Made(rows, std::sync::Arc::new(row))
    })
}

/// The process's high-water mark in MiB; under nextest a test is a process.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

// One thread: each has memory of its own, which what the stub makes of a page would fill once more.
#[tokio::test]
async fn a_report_of_250_001_rows_lands_whole_in_the_memory_of_a_page() {
    // One page of it first: what the stub and a page take.
    let scene = PropertyScene::new(of_pages(50_000)).await;
    scene.pull("2026-03-09", "2026-03-09").await;
    let one_page = peak_memory();

    scene.stub.put_property(PROPERTY, of_pages(250_001));
    scene.stub.forget_calls();
    let job = scene.start(DAY, DAY).await;
    // It dies while the third page is on its way.
    scene.stub.next(Endpoint::Report, passes(2).chain([Fault::Slow(Duration::from_secs(20))]));
    scene.killed(&job, || scene.stub.count(Endpoint::Report) == 3).await;
    let ended = scene.attempt(&job).await;
    is_over(&ended);
    let of_views = |(name, _, offset): &(String, String, u64)| (name == "page_view").then_some(*offset);
    let offsets: Vec<u64> = scene.asked().iter().filter_map(of_views).collect();
    assert_eq!(offsets, [0, 50_000, 100_000, 100_000, 150_000, 200_000, 250_000]);
    assert_eq!(
        scene
            .rows(
                "select count(*) as rows, count(distinct page_location) as pages, sum(event_count) as events
                 from page_view where event_date = '2026-03-10'"
            )
            .await,
        [json!({"rows": 250_001, "pages": 250_001, "events": 500_002})]
    );
    assert_eq!(ended["records_processed"]["page_view"], 500_002);
    let grown = peak_memory().saturating_sub(one_page);
    assert!(grown < 40, "six pages took {grown} MiB more than one did ({one_page} MiB)");
}

#[tokio::test]
async fn a_token_that_is_refused_between_reports_is_replaced_once() {
    let scene = scene(&[DAY]).await;
    scene.stub.next(Endpoint::Report, passes(3).chain([Fault::Unauthorized]));
    scene.pull(DAY, DAY).await;
    assert_eq!(scene.stub.count(Endpoint::Token), 2);
    assert_eq!(names(&scene), [&REPORTS[..4], &REPORTS[3..]].concat());
    // A key that opens nothing any more is no matter of trying on.
    scene.stub.forget_calls();
    scene.stub.next(Endpoint::Report, [Fault::Unauthorized, Fault::Unauthorized]);
    let job = scene.start(DAY, DAY).await;
    let ended = scene.attempt(&job).await;
    assert_eq!(ended["status"], "failed", "{ended}");
    assert_eq!(scene.stub.count(Endpoint::Report), 2);
    assert!(ended["error_message"].as_str().unwrap().starts_with("Google refused a report of 2026-03-10"), "{ended}");
}

#[tokio::test]
async fn a_refusal_fails_the_job_with_what_to_do_and_changes_nothing() {
    let scene = scene(&[DAY]).await;
    scene.pull(DAY, DAY).await;
    let before = tables(&scene.db.app, scene.tenant, true).await;
    scene.stub.put_property(PROPERTY, registered(Vec::new()));
    let refused = [
        (Fault::PropertyDenied, "Give robot@stub-project.iam.gserviceaccount.com the role Viewer on the property"),
        (Fault::ServiceDisabled, "Enable the API in the project of the service account"),
        (Fault::FewScopes, "insufficient authentication scopes"),
        (Fault::Html(404), "Google found nothing for a report of 2026-03-10"),
    ];
    for (fault, says) in refused {
        scene.stub.forget_calls();
        scene.stub.next(Endpoint::Report, passes(2).chain([fault]));
        let job = scene.start(DAY, DAY).await;
        let ended = scene.attempt(&job).await;
        assert_eq!(ended["status"], "failed", "{ended}");
        assert!(ended["error_message"].as_str().unwrap().contains(says), "{ended}");
        assert_eq!(names(&scene), REPORTS[..3], "asked once");
    }
    assert_same(&before, &tables(&scene.db.app, scene.tenant, true).await);
}

#[tokio::test]
async fn a_cut_answer_and_a_page_are_asked_for_again_and_count_once() {
    let scene = scene(&[DAY]).await;
    let stumbles = [Fault::Cut, Fault::Cut, Fault::Html(500), Fault::Pass, Fault::Html(502)];
    scene.stub.next(Endpoint::Report, stumbles);
    let job = scene.pull(DAY, DAY).await;
    assert_eq!(job["status"], "completed");
    assert_eq!(scene.stub.count(Endpoint::Report), REPORTS.len() + 4);
    assert_eq!(scene.number("select sum(event_count)::bigint from page_view").await, 5);
}

#[tokio::test]
async fn an_outage_is_asked_after_three_times_in_twenty_minutes() {
    let mut scene = scene(&[DAY]).await;
    for (fault, says) in [
        ((|| Fault::Internal) as fn() -> Fault, "Internal error encountered"),
        (|| Fault::Html(500), "HTTP 500 and a page that is no JSON"),
        (|| Fault::Unavailable, "The service is currently unavailable"),
    ] {
        scene.stub.forget_calls();
        scene.stub.next(Endpoint::Report, passes(1).chain((0..9).map(|_| fault())));
        let job = scene.start(DAY, DAY).await;
        let seen = scene.attempt(&job).await;
        assert!(note(&seen).starts_with("Google did not answer a report of 2026-03-10"), "{seen}");
        assert!(note(&seen).contains(says), "{seen}");
        assert!(about(1200).contains(&waits(&seen)), "{} s", waits(&seen));
        assert_eq!(scene.stub.count(Endpoint::Report), 1 + 3, "{says}");
        scene.stub.no_more_faults();
        is_over(&scene.attempt(&job).await);
        assert_eq!(scene.stub.count(Endpoint::Report), 3 + REPORTS.len(), "{says}");
        // Errors are counted by the hour; another process knows of none.
        scene.another_process();
    }
}

#[tokio::test]
async fn errors_between_answers_are_nine_an_hour_and_not_one_more() {
    let mut scene = scene(&[DAY]).await;
    // Every report comes at the third try.
    scene.stub.next(Endpoint::Report, (0..7).flat_map(|_| [Fault::Internal, Fault::Unavailable, Fault::Pass]));
    let job = scene.start(DAY, DAY).await;
    let seen = scene.attempt(&job).await;
    assert!(note(&seen).contains("too many errors of its own within the hour"), "{seen}");
    assert!(about(1800).contains(&waits(&seen)), "{} s", waits(&seen));
    assert_eq!(scene.stub.count(Endpoint::Report), 4 + 9, "four answers and nine errors");
    // Within the hour nothing is asked at all.
    let calls = scene.stub.all_calls().len();
    note(&scene.attempt(&job).await);
    assert_eq!(scene.stub.all_calls().len(), calls);
    scene.stub.no_more_faults();
    scene.another_process();
    is_over(&scene.attempt(&job).await);
    assert_eq!(scene.stub.count(Endpoint::Report), 4 + 9 + 3);
}
