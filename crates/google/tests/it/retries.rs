//! What is tried again, how often, and what is not.

use std::time::{Duration, Instant};

use google::{Google, GoogleError, QuotaKind, Timeouts, Url};
use serde_json::json;
use testkit::google::{Endpoint, Fault, Property, Stub, Table};

use crate::support::{
    DATASET, HASTE, PACE, PROJECT, PROPERTY, SHARD, TIMEOUTS, analytics, answer, bigquery, client, endpoints,
    everything, hasty, key, put, request,
};

fn shop(stub: &Stub) {
    put(stub, Table::export(vec![json!({ "event_name": "page_view" })]));
    stub.put_property(PROPERTY, Property::of_events(chrono_tz::UTC, Vec::new()));
}

#[tokio::test]
async fn what_passes_is_tried_again_and_the_answer_is_whole() {
    let stub = Stub::start().await;
    shop(&stub);
    stub.page_rows(1);
    let stumbles = || {
        [
            Fault::Html(500),
            Fault::Html(502),
            Fault::BackendError,
            Fault::InternalError,
            Fault::RateLimitExceeded,
            Fault::TooManyRequests,
            Fault::Cut,
            Fault::Raw(200, String::from("<html>a portal</html>")),
            Fault::Raw(504, String::new()),
        ]
    };
    stub.next(Endpoint::Table, stumbles());
    stub.next(Endpoint::Query, stumbles());
    stub.next(Endpoint::Results, stumbles());
    let bigquery = bigquery(&stub);
    assert!(bigquery.table(PROJECT, DATASET, SHARD).await.unwrap().is_some());
    put(&stub, Table::export((0..2).map(|n| json!({ "event_timestamp": n.to_string() })).collect()));
    assert_eq!(answer(&bigquery).await.unwrap().len(), 2);
    for endpoint in [Endpoint::Table, Endpoint::Query, Endpoint::Results] {
        assert_eq!(stub.count(endpoint), 10, "{endpoint:?}");
    }
    let ids: Vec<String> = stub.calls(Endpoint::Query).iter().map(|call| call.body["requestId"].to_string()).collect();
    assert!(ids.iter().all(|id| *id == ids[0]), "the same query, however often it is posted: {ids:?}");
}

#[tokio::test]
async fn what_stays_is_given_up_when_the_time_is_over() {
    let stub = Stub::start().await;
    shop(&stub);
    let bigquery = hasty(&stub).bigquery(key(&stub), PROJECT, None);
    bigquery.tables(PROJECT, DATASET).await.unwrap();
    let begun = Instant::now();
    stub.next(Endpoint::Tables, (0..1000).map(|_| Fault::BackendError));
    let away = bigquery.tables(PROJECT, DATASET).await;
    assert!(matches!(&away, Err(GoogleError::Unavailable(text)) if text.contains("Retrying may solve")), "{away:?}");
    assert!(begun.elapsed() >= HASTE.total / 2 && begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert!(stub.count(Endpoint::Tables) > 2);
}

#[tokio::test]
async fn what_was_refused_for_good_is_asked_once() {
    let stub = Stub::start().await;
    shop(&stub);
    let bigquery = bigquery(&stub);
    for fault in [
        Fault::AccessDenied,
        Fault::QuotaExceeded,
        Fault::InvalidQuery,
        Fault::MissingTable,
        Fault::Html(404),
        Fault::FewScopes,
    ] {
        stub.forget_calls();
        stub.next(Endpoint::Query, [fault]);
        bigquery.query(&everything()).await.unwrap_err();
        assert_eq!(stub.count(Endpoint::Query), 1);
    }
}

#[tokio::test]
async fn the_data_api_is_asked_three_times_and_no_more() {
    let stub = Stub::start().await;
    shop(&stub);
    let client = analytics(&stub);
    stub.next(Endpoint::Report, [Fault::Internal, Fault::Html(503)]);
    client.run_report(&request(&["date"], &["eventCount"])).await.unwrap();
    assert_eq!(stub.count(Endpoint::Report), 3);
    stub.forget_calls();
    stub.next(Endpoint::Report, (0..5).map(|_| Fault::Unavailable));
    let away = client.run_report(&request(&["date"], &["eventCount"])).await;
    assert!(matches!(away, Err(GoogleError::Unavailable(_))), "{away:?}");
    assert_eq!(stub.count(Endpoint::Report), 3, "ten server errors in an hour lock a project out");
}

#[tokio::test]
async fn all_requests_to_a_property_together_cause_nine_server_errors_an_hour_at_most() {
    let stub = Stub::start().await;
    shop(&stub);
    stub.put_property("2", Property::of_events(chrono_tz::UTC, Vec::new()));
    let google = client(&stub);
    let client = google.analytics(key(&stub), PROPERTY);
    let errors = || [Fault::Internal, Fault::Html(503), Fault::Pass];
    stub.next(Endpoint::Report, (0..5).flat_map(|_| errors()));
    for _ in 0..4 {
        client.run_report(&request(&["date"], &["eventCount"])).await.unwrap();
    }
    // The ninth; another client of the process and the account counts with it.
    let again = google.analytics(key(&stub), PROPERTY);
    let refused = again.run_report(&request(&["date"], &["eventCount"])).await;
    assert!(matches!(&refused, Err(GoogleError::Quota { kind: QuotaKind::Hour, .. })), "{refused:?}");
    assert_eq!(stub.count(Endpoint::Report), 13, "four answers and nine errors");
    let refused = client.metadata().await;
    assert!(matches!(&refused, Err(GoogleError::Quota { message, .. }) if message.contains("too many errors")));
    assert_eq!(stub.count(Endpoint::Metadata), 0);
    stub.no_more_faults();
    google.analytics(key(&stub), "2").run_report(&request(&["date"], &["eventCount"])).await.unwrap();
}

#[tokio::test]
async fn a_cut_connection_of_the_data_api_is_no_server_error() {
    let stub = Stub::start().await;
    shop(&stub);
    stub.next(Endpoint::Report, (0..5).map(|_| Fault::Cut));
    analytics(&stub).run_report(&request(&["date"], &["eventCount"])).await.unwrap();
    assert_eq!(stub.count(Endpoint::Report), 6);
}

#[tokio::test]
async fn an_allowance_of_the_data_api_is_the_callers_to_wait_for() {
    let stub = Stub::start().await;
    shop(&stub);
    let client = analytics(&stub);
    for (fault, expected) in [
        (Fault::Concurrent, QuotaKind::Concurrent),
        (Fault::ProjectHour, QuotaKind::Hour),
        (Fault::PropertyHour, QuotaKind::Hour),
        (Fault::Day, QuotaKind::Day),
        (Fault::Thresholded, QuotaKind::Thresholded),
        (
            Fault::Raw(429, json!({ "error": { "code": 429, "message": "Exhausted something new." } }).to_string()),
            QuotaKind::Hour,
        ),
        (Fault::Html(429), QuotaKind::Concurrent),
    ] {
        stub.forget_calls();
        stub.next(Endpoint::Report, [fault]);
        let refused = client.run_report(&request(&["date"], &["eventCount"])).await;
        let Err(GoogleError::Quota { kind, message }) = refused else { panic!("{refused:?}") };
        assert_eq!(kind, expected, "{message}");
        assert_eq!(stub.count(Endpoint::Report), 1);
    }
}

#[tokio::test]
async fn a_slow_answer_is_waited_for_and_a_silent_one_is_not() {
    let stub = Stub::start().await;
    shop(&stub);
    stub.next(Endpoint::Tables, [Fault::Slow(Duration::from_millis(200))]);
    bigquery(&stub).tables(PROJECT, DATASET).await.unwrap();
    assert_eq!(stub.count(Endpoint::Tables), 1);
    stub.forget_calls();
    stub.next(Endpoint::Tables, [Fault::Slow(Duration::from_secs(3))]);
    let timeouts = Timeouts { silence: Duration::from_millis(600), ..TIMEOUTS };
    let impatient = Google::with_timeouts(endpoints(&stub), PACE, timeouts).unwrap();
    impatient.bigquery(key(&stub), PROJECT, None).tables(PROJECT, DATASET).await.unwrap();
    assert_eq!(stub.count(Endpoint::Tables), 2);
}

#[tokio::test]
async fn nobody_at_home_is_unavailable_without_an_address() {
    let stub = Stub::start().await;
    let mut away = endpoints(&stub);
    away.bigquery = Url::parse("http://127.0.0.1:9/").unwrap();
    let google = Google::new(away, HASTE).unwrap();
    let refused = google.bigquery(key(&stub), PROJECT, None).tables(PROJECT, DATASET).await;
    let Err(GoogleError::Unavailable(text)) = refused else { panic!("{refused:?}") };
    assert!(text.starts_with("Google did not answer listing the tables of `shop-project.analytics_1`: no connection"));
    assert!(!text.contains("127.0.0.1") && !text.contains("ya29"), "{text}");
}
