//! The operator's own key, GOOGLE_ANALYTICS_CREDENTIALS_PATH, in real jobs: it serves the datasets and properties that the
//! operator opened to a tenant, and to others not even its existence.

use chrono_tz::UTC;
use common::auth::Role;
use data_service::cli;
use data_service::source::grants::Grant;
use serde_json::{Value, json};
use testkit::google::{Endpoint, Property, Stub};
use testkit::http::Client;
use testkit::oracle::TenantSettings;

use crate::pull::{DATASET, PROJECT, PROPERTY, Pull, ago, bigquery_source, view, visits};

fn in_utc() -> TenantSettings {
    TenantSettings { zone: UTC, ..TenantSettings::default() }
}

/// A tenant without a key of its own, at a service that has one.
async fn scene(source: &Value) -> Pull {
    let key = Stub::start().await.key();
    let pull = Pull::without_source(&in_utc(), Some(key)).await;
    pull.set_source(source).await;
    pull
}

fn property(id: &str) -> Value {
    json!({ "kind": "data_api", "data_api": { "property_id": id } })
}

async fn allow(pull: &Pull, grant: &Grant) {
    cli::source::allow(&pull.state.settings, pull.tenant, grant).await.unwrap();
}

/// A job of yesterday that is refused before anybody is asked.
async fn refused(pull: &Pull, what: &str, option: &str) {
    let job = pull.pull(ago(1), ago(1)).await;
    assert_eq!(job["status"], "failed", "{job}");
    let reason = job["error_message"].as_str().unwrap();
    assert!(reason.starts_with(&format!("There is no Google key for the {what}")), "{reason}");
    let command = format!("data-service source allow --tenant {} {option}", pull.tenant);
    assert!(reason.contains(&command), "{reason}");
    // Neither whose key it is nor where it lies.
    let place = pull.root.path().to_string_lossy().into_owned();
    assert!(!reason.contains("robot") && !reason.contains(&place), "{reason}");
    assert_eq!(pull.stub.all_calls().len(), 0);
    assert!(pull.availability().await.is_empty());
}

#[tokio::test]
async fn a_dataset_is_read_with_the_operators_key_once_the_operator_has_opened_it() {
    let pull = scene(&bigquery_source(None)).await;
    pull.put_day(ago(1), visits(ago(1), 3));
    refused(&pull, "dataset", &format!("--bigquery {PROJECT}.{DATASET}")).await;
    // Another dataset of the same project is another one, and so is a property.
    allow(&pull, &Grant::bigquery(PROJECT, "analytics_9")).await;
    allow(&pull, &Grant::data_api(PROPERTY)).await;
    refused(&pull, "dataset", &format!("--bigquery {PROJECT}.{DATASET}")).await;

    let grant = Grant::bigquery(PROJECT, DATASET);
    allow(&pull, &grant).await;
    pull.pull_well(ago(1), ago(1)).await;
    assert_eq!(pull.texts("select count(*)::text from purchase").await, ["3"]);

    // Taken back, the next job is refused; what was read stays.
    cli::source::revoke(&pull.state.settings, pull.tenant, &grant).await.unwrap();
    pull.stub.forget_calls();
    let job = pull.pull(ago(1), ago(1)).await;
    assert_eq!((&job["status"], pull.stub.all_calls().len()), (&json!("failed"), 0), "{job}");
    assert_eq!(pull.texts("select count(*)::text from purchase").await, ["3"]);
}

#[tokio::test]
async fn a_property_is_read_with_the_operators_key_once_the_operator_has_opened_it() {
    let pull = scene(&property(PROPERTY)).await;
    for id in [PROPERTY, "2"] {
        pull.stub.put_property(id, Property::of_events(UTC, vec![view(ago(1), "1.1", "/"), view(ago(1), "1.2", "/a")]));
    }
    refused(&pull, "property", &format!("--property {PROPERTY}")).await;
    allow(&pull, &Grant::data_api("2")).await;
    refused(&pull, "property", &format!("--property {PROPERTY}")).await;

    allow(&pull, &Grant::data_api(PROPERTY)).await;
    let job = pull.pull(ago(1), ago(1)).await;
    assert!(job["status"].as_str().unwrap().starts_with("completed"), "{job}");
    assert_eq!(pull.texts("select sum(event_count)::text from page_view").await, ["2"]);
    assert!(pull.stub.calls(Endpoint::Report).iter().all(|call| call.path.contains(PROPERTY)));
}

#[tokio::test]
async fn a_grant_is_the_tenants_it_was_given_to() {
    let pull = scene(&property(PROPERTY)).await;
    pull.stub.put_property(PROPERTY, Property::of_events(UTC, vec![view(ago(1), "1.1", "/")]));
    let other = testkit::tenants::create(&pull.db.app, &in_utc()).await;
    cli::source::allow(&pull.state.settings, other, &Grant::data_api(PROPERTY)).await.unwrap();
    refused(&pull, "property", &format!("--property {PROPERTY}")).await;
    // And the other one sees its own grant.
    let owner = testkit::tokens::member(&pull.state, other, Role::Owner).await;
    let owner = Client::new(&pull.server.url).of(&owner, other);
    let opened = json!([{ "kind": "data_api", "target": PROPERTY }]);
    assert_eq!(owner.get("/data/source").await.expect(200)["operator_grants"], opened);
    assert_eq!(pull.owner.get("/data/source").await.expect(200)["operator_grants"], json!([]));
}
