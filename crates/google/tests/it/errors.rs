//! Each refusal becomes the error that says what can be done about it.

use google::{GoogleError, QuotaKind};
use serde_json::json;
use testkit::google::{Endpoint, Fault, Property, Stub, Table};

use crate::support::{PROJECT, PROPERTY, analytics, bigquery, client, everything, hasty, key, put, request};

#[tokio::test]
async fn refusals_of_bigquery() {
    let stub = Stub::start().await;
    put(&stub, Table::export(Vec::new()));
    let bigquery = bigquery(&stub);
    let mut told = Vec::new();
    for fault in [Fault::AccessDenied, Fault::QuotaExceeded, Fault::InvalidQuery, Fault::MissingTable, Fault::Html(403)]
    {
        stub.next(Endpoint::Query, [fault]);
        told.push(bigquery.query(&everything()).await.unwrap_err());
    }
    let [denied, quota, invalid, missing, page] = &told[..] else { panic!("{told:?}") };
    assert_eq!(
        *denied,
        GoogleError::Denied(String::from(
            "Google refused a query: Access Denied: Table stub-project:analytics_1.events_20261101: User does not have \
             permission to query table stub-project:analytics_1.events_20261101, or perhaps it does not exist. Grant \
             robot@stub-project.iam.gserviceaccount.com the roles BigQuery Data Viewer on the dataset and BigQuery Job User \
             on the project `shop-project`."
        ))
    );
    let GoogleError::Quota { kind: QuotaKind::BigQuery, message } = quota else { panic!("{quota:?}") };
    assert!(message.contains("free query bytes scanned"), "{message}");
    assert_eq!(
        *invalid,
        GoogleError::Invalid(String::from("Google did not accept a query: Unrecognized name: nonsense at [1:8]."))
    );
    assert!(matches!(missing, GoogleError::NotFound(text) if text.contains("Not found: Table")), "{missing:?}");
    assert!(
        matches!(page, GoogleError::Denied(text) if text.contains("HTTP 403 and a page that is no JSON")),
        "{page:?}"
    );
}

#[tokio::test]
async fn a_rate_limit_that_stays_is_an_allowance() {
    let stub = Stub::start().await;
    stub.next(Endpoint::Query, (0..1000).map(|_| Fault::RateLimitExceeded));
    let refused = hasty(&stub).bigquery(key(&stub), PROJECT, None).query(&everything()).await;
    assert!(matches!(refused, Err(GoogleError::Quota { kind: QuotaKind::BigQuery, .. })), "{refused:?}");
}

#[tokio::test]
async fn refusals_of_the_data_api() {
    let stub = Stub::start().await;
    stub.put_property(PROPERTY, Property::of_events(chrono_tz::UTC, Vec::new()));
    let client = analytics(&stub);
    let mut told = Vec::new();
    for fault in [Fault::PropertyDenied, Fault::ServiceDisabled, Fault::FewScopes, Fault::Html(404)] {
        stub.next(Endpoint::Metadata, [fault]);
        told.push(client.metadata().await.unwrap_err());
    }
    let [denied, disabled, scopes, page] = &told[..] else { panic!("{told:?}") };
    assert_eq!(
        *denied,
        GoogleError::Denied(String::from(
            "Google refused reading the fields of property 123456: User does not have sufficient permissions for this \
             property. To learn more about Property ID, see \
             https://developers.google.com/analytics/devguides/reporting/data/v1/property-id. Give \
             robot@stub-project.iam.gserviceaccount.com the role Viewer on the property 123456 (Admin, Property access \
             management)."
        ))
    );
    let says = |error: &GoogleError, text: &str| matches!(error, GoogleError::Denied(told) if told.contains(text));
    assert!(says(disabled, "Enable the API in the project of the service account."), "{disabled:?}");
    assert!(says(scopes, "insufficient authentication scopes"), "{scopes:?}");
    assert!(matches!(page, GoogleError::NotFound(_)), "{page:?}");
}

#[tokio::test]
async fn a_property_that_is_no_number_is_not_asked_for() {
    let stub = Stub::start().await;
    for id in ["G-ABC123", "UA-1-1", "", "1/../2"] {
        let refused = client(&stub).analytics(key(&stub), id).metadata().await;
        assert!(matches!(&refused, Err(GoogleError::Invalid(text)) if text.contains("digits only")), "{refused:?}");
    }
    assert!(stub.all_calls().is_empty());
}

#[tokio::test]
async fn a_long_message_is_cut_and_a_long_page_is_not_shown() {
    let stub = Stub::start().await;
    let long = "\u{e9}".repeat(100_000);
    let body = json!({ "error": { "code": 400, "message": "x".repeat(30_000), "status": "INVALID_ARGUMENT" } });
    stub.next(Endpoint::Metadata, [Fault::Raw(400, body.to_string()), Fault::Raw(400, format!("<p>{long}"))]);
    let client = analytics(&stub);
    for _ in 0..2 {
        let Err(GoogleError::Invalid(text)) = client.metadata().await else { panic!("no refusal") };
        assert!(text.len() < 2200, "{}", text.len());
    }
}

#[tokio::test]
async fn answers_that_are_no_answers_are_broken() {
    let stub = Stub::start().await;
    stub.put_property(PROPERTY, Property::of_events(chrono_tz::UTC, Vec::new()));
    let (client, bigquery) = (analytics(&stub), bigquery(&stub));
    stub.next(Endpoint::Report, [Fault::Raw(200, json!({ "rows": 7 }).to_string())]);
    let broken = client.run_report(&request(&["date"], &["eventCount"])).await;
    assert!(matches!(broken, Err(GoogleError::Broken(_))), "{broken:?}");
    stub.next(
        Endpoint::Query,
        [Fault::Raw(200, String::from("{}")), Fault::Raw(200, String::from("{\"jobComplete\":"))],
    );
    let mut rows = bigquery.query(&everything()).await.unwrap();
    assert!(matches!(rows.next_page().await, Err(GoogleError::Broken(_))), "no job to wait for");
    let broken = bigquery.query(&everything()).await;
    assert!(matches!(broken, Err(GoogleError::Broken(_))), "{broken:?}");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_not_taken_in() {
    let stub = Stub::start().await;
    stub.put_property(PROPERTY, Property::of_events(chrono_tz::UTC, Vec::new()));
    stub.next(Endpoint::Report, [Fault::Raw(200, format!("{{\"rows\":\"{}\"}}", " ".repeat(65 << 20)))]);
    let refused = analytics(&stub).run_report(&request(&["date"], &["eventCount"])).await;
    assert!(matches!(&refused, Err(GoogleError::Broken(text)) if text.contains("larger than 64 MiB")), "{refused:?}");
}
