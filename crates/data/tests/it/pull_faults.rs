//! What a pull does about Google's faults: it waits for what may pass, fails clearly for what does not, and in no case is
//! half a day landed or a failed query an empty one.

use serde_json::{Value, json};
use testkit::google::{Endpoint, Fault};

use crate::pull::{ASKED_A_VISIT, PATIENCE, Pull, ago, daily, visits};
use crate::support::assert_same;

/// What a job that waits looks like; its note.
#[track_caller]
fn waits(job: &Value) -> String {
    assert_eq!((&job["status"], &job["progress"]["phase"]), (&json!("processing"), &json!("waiting")), "{job}");
    assert!(job["waits_until"].is_string() && job["completed_at"].is_null(), "{job}");
    assert!(job["progress"]["estimated_end"].is_null(), "{job}");
    job["progress"]["note"].as_str().unwrap().to_owned()
}

#[track_caller]
fn failed(job: &Value) -> String {
    assert_eq!(job["status"], "failed", "{job}");
    job["error_message"].as_str().unwrap().to_owned()
}

fn pages(count: usize) -> Vec<Fault> {
    (0..count).map(|_| Fault::Html(500)).collect()
}

#[tokio::test]
async fn three_pages_of_a_query_that_is_not_complete_thrice() {
    let (one, two) = (ago(2), ago(1));
    let pull = Pull::new().await;
    pull.put_day(one, visits(one, 10));
    pull.put_day(two, visits(two, 10));
    pull.stub.incomplete(3);
    pull.stub.page_rows(10 * ASKED_A_VISIT as u64 / 3);
    let job = pull.pull_well(one, two).await;
    assert_eq!(job["progress"]["rows_read"], 20 * ASKED_A_VISIT);
    // Of each day: the query itself and two looks in vain, then three pages.
    assert_eq!(pull.stub.count(Endpoint::Results), 2 * (2 + 3));
    assert_eq!(pull.texts("select count(*)::text from purchase").await, ["20"]);
}

#[tokio::test]
async fn a_token_that_is_refused_between_pages_is_replaced_once() {
    let day = ago(1);
    let pull = Pull::new().await;
    pull.put_day(day, visits(day, 10));
    pull.stub.page_rows(20);
    pull.stub.next(Endpoint::Results, [Fault::Pass, Fault::Unauthorized]);
    pull.pull_well(day, day).await;
    assert_eq!(pull.stub.count(Endpoint::Token), 2);
    assert_eq!(pull.texts("select count(*)::text from purchase").await, ["10"]);
    // A key that opens nothing any more is no matter of trying on.
    pull.stub.next(Endpoint::Query, [Fault::Unauthorized, Fault::Unauthorized]);
    let text = failed(&pull.pull(day, day).await);
    assert!(text.contains("Google refused an estimate of a query"), "{text}");
}

#[tokio::test]
async fn what_was_cut_or_overloaded_is_asked_for_again_within_the_query() {
    let day = ago(1);
    let pull = Pull::new().await;
    pull.put_day(day, visits(day, 10));
    pull.stub.page_rows(20);
    pull.stub.next(Endpoint::Table, [Fault::BackendError, Fault::RateLimitExceeded]);
    pull.stub.next(Endpoint::Query, [Fault::InternalError, Fault::Pass, Fault::Cut, Fault::TooManyRequests]);
    pull.stub.next(Endpoint::Results, [Fault::Cut, Fault::Html(502), Fault::Pass, Fault::Cut]);
    let job = pull.pull_well(day, day).await;
    assert_eq!(job["progress"]["rows_read"], 10 * ASKED_A_VISIT);
    assert_eq!(pull.texts("select count(*)::text from purchase").await, ["10"]);
}

#[tokio::test]
async fn a_refusal_fails_the_job_with_what_to_grant_and_changes_nothing() {
    let (one, two) = (ago(2), ago(1));
    let pull = Pull::new().await;
    for day in [one, two] {
        pull.put_day(day, visits(day, 5));
    }
    pull.pull_well(one, two).await;
    let before = pull.tables(true).await;
    for day in [one, two] {
        pull.put_day(day, visits(day, 9));
    }
    let refused: [(Endpoint, Vec<Fault>, &str); 4] = [
        (Endpoint::Table, vec![Fault::AccessDenied], "BigQuery Data Viewer"),
        (Endpoint::Query, vec![Fault::AccessDenied], "robot@stub-project.iam.gserviceaccount.com"),
        (Endpoint::Query, vec![Fault::Pass, Fault::Pass, Fault::InvalidQuery], "Unrecognized name: nonsense"),
        (Endpoint::Query, vec![Fault::Pass, Fault::Pass, Fault::QuotaExceeded], "Your project exceeded quota"),
    ];
    for (endpoint, faults, text) in refused {
        pull.stub.next(endpoint, faults);
        let reason = failed(&pull.pull(one, two).await);
        assert!(reason.contains(text), "{text}: {reason}");
        pull.stub.no_more_faults();
    }
    assert_same(&before, &pull.tables(true).await);
}

#[tokio::test]
async fn an_outage_is_waited_for_and_the_job_goes_on_where_it_was() {
    let (one, two, three) = (ago(3), ago(2), ago(1));
    let pull = Pull::new().await;
    for day in [one, two, three] {
        pull.put_day(day, visits(day, 8));
    }
    // The newest day is read; then Google is away for longer than one request is tried.
    let estimates = (0..4).map(|_| Fault::Pass);
    pull.stub.next(Endpoint::Query, estimates.chain(pages(1000)));
    let job = pull.start(one, three).await;
    let seen = pull.work(job).await;
    let note = waits(&seen);
    assert!(note.contains("Google did not answer a query: HTTP 500"), "{note}");
    // A day that was at hand has landed, whatever became of the next one.
    assert_eq!(pull.outcomes(job).await, [format!("{three} landed")]);
    assert_eq!((&seen["progress"]["days_done"], &seen["progress"]["days_total"]), (&json!(1), &json!(3)));
    assert_eq!(pull.places_in_queue(job).await, 1);

    pull.stub.next(Endpoint::Query, []);
    pull.stub.no_more_faults();
    pull.start_worker();
    let ended = pull.ended(job).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!(ended["waits_until"], Value::Null);
    assert_eq!(ended["progress"]["rows_read"], 3 * 8 * ASKED_A_VISIT, "{ended}");
    assert_eq!((&ended["progress"]["days_done"], &ended["progress"]["days_total"]), (&json!(3), &json!(3)));
    let undisturbed = Pull::new().await;
    for day in [one, two, three] {
        undisturbed.put_day(day, visits(day, 8));
    }
    let whole = undisturbed.pull_well(one, three).await;
    assert_eq!(whole["records_processed"], ended["records_processed"]);
    assert_same(&undisturbed.tables(true).await, &pull.tables(true).await);
    assert_eq!(pull.folders(), Vec::<std::path::PathBuf>::new());
}

#[tokio::test]
async fn an_outage_for_ever_fails_the_job_with_its_text_and_a_retry_begins_anew() {
    let day = ago(1);
    let pull = Pull::new().await;
    pull.put_day(day, visits(day, 3));
    pull.stub.next(Endpoint::Table, pages(10_000));
    pull.start_worker();
    let job = pull.start(day, day).await;
    let text = failed(&pull.ended(job).await);
    assert!(text.contains(&daily(day)) && text.contains("HTTP 500"), "{text}");
    assert!(text.ends_with(&format!("(tried {} times)", PATIENCE.attempts)), "{text}");
    assert!(pull.availability().await.is_empty());
    // The retry has all of the patience again: three attempts in vain are not its end.
    pull.stub.no_more_faults();
    pull.stub.next(Endpoint::Token, []);
    pull.stub.next(Endpoint::Query, pages(10_000));
    pull.tell(job, "retry").await.expect(202);
    pull.until(job, |job| job["progress"]["phase"] == "waiting").await;
    pull.stub.no_more_faults();
    assert_eq!(pull.ended(job).await["status"], "completed");
}
