//! `POST /data/source/test` against a stub of Google: what is there, what is not, and what to do about it.

use std::time::{Duration, Instant};

use chrono::{Days, Utc};
use chrono_tz::America::New_York;
use chrono_tz::Tz;
use serde_json::{Value, json};
use testkit::google::{Column, Endpoint, Fault, Property, Stub, Table, stranger_key};
use testkit::rows::Event;

use crate::source_scene::{SourceScene, bigquery};

const PROPERTY: &str = "123456789";

fn events(day: &str) -> Vec<Value> {
    (0..3)
        .map(|n| {
            Event::at("page_view", New_York, &format!("{day} 10:00:00")).visit(&format!("v{n}"), 1).page("/").build()
        })
        .collect()
}

async fn tested(scene: &SourceScene) -> Value {
    scene.owner.post("/data/source/test", &json!({})).await.expect(200)
}

/// Each step and whether it went well.
fn steps(test: &Value) -> Vec<(&str, bool)> {
    let steps = test["steps"].as_array().unwrap();
    steps.iter().map(|step| (step["step"].as_str().unwrap(), step["ok"] == true)).collect()
}

fn step<'a>(test: &'a Value, name: &str) -> &'a Value {
    let found = test["steps"].as_array().unwrap().iter().rfind(|step| step["step"] == name);
    found.unwrap_or_else(|| panic!("no step {name} in {test}"))
}

fn message<'a>(test: &'a Value, name: &str) -> &'a str {
    step(test, name)["message"].as_str().unwrap()
}

async fn bigquery_scene(stub: &Stub) -> SourceScene {
    let scene = SourceScene::against(stub).await;
    let mut body = bigquery("stub-project", "analytics_1");
    body["service_account"] = json!(stub.key());
    scene.put(body).await.expect(200);
    scene
}

async fn data_api_scene(stub: &Stub, property: Property) -> SourceScene {
    stub.put_property(PROPERTY, property);
    let scene = SourceScene::against(stub).await;
    let body = json!({"kind": "data_api", "data_api": {"property_id": PROPERTY}, "service_account": stub.key()});
    scene.put(body).await.expect(200);
    scene
}

#[tokio::test]
async fn an_export_is_described_table_by_table() {
    let stub = Stub::start().await;
    for table in ["events_20261117", "events_20261118", "events_fresh_20261119", "events_intraday_20261120", "other"] {
        stub.put_table("stub-project", "analytics_1", table, Table::export(events("2026-11-18")));
    }
    let changed = 1_795_000_000_000;
    let newest = Table::export(events("2026-11-18")).bytes(123_456).modified(changed);
    stub.put_table("stub-project", "analytics_1", "events_20261118", newest);
    let scene = bigquery_scene(&stub).await;
    let test = tested(&scene).await;
    assert_eq!(steps(&test), [("credentials", true), ("dataset", true), ("table", true), ("query", true)], "{test}");
    assert_eq!((&test["ok"], &test["kind"]), (&json!(true), &json!("bigquery")));
    assert_eq!((&test["data_api"], &test["export_files"]), (&Value::Null, &Value::Null));
    let found = &test["bigquery"];
    assert_eq!(found["daily"], json!({"tables": 2, "oldest": "2026-11-17", "newest": "2026-11-18"}));
    assert_eq!(found["fresh"], json!({"tables": 1, "oldest": "2026-11-19", "newest": "2026-11-19"}));
    assert_eq!(found["intraday"], json!({"tables": 1, "oldest": "2026-11-20", "newest": "2026-11-20"}));
    let table = &found["newest"];
    assert_eq!(
        (&table["table"], &table["rows"], &table["query_bytes"]),
        (&json!("events_20261118"), &json!(3), &json!(123_456))
    );
    let modified: chrono::DateTime<Utc> = table["modified_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(modified.timestamp_millis(), changed);
    assert!(
        message(&test, "credentials").contains("robot@stub-project.iam.gserviceaccount.com (the tenant's own key)")
    );
    assert!(stub.calls(Endpoint::Query).iter().all(|call| call.body["dryRun"] == true), "nothing is read or billed");
}

#[tokio::test]
async fn a_new_or_streaming_link_is_told_from_a_whole_one() {
    let stub = Stub::start().await;
    stub.put_table("stub-project", "analytics_1", "pseudonymous_users_20261118", Table::export(Vec::new()));
    let scene = bigquery_scene(&stub).await;
    let test = tested(&scene).await;
    assert_eq!(steps(&test), [("credentials", true), ("dataset", false)]);
    assert!(message(&test, "dataset").contains("(1 in all) none is one of GA4's export"), "{test}");
    assert_eq!(test["bigquery"]["newest"], Value::Null);

    stub.put_table("stub-project", "analytics_1", "events_intraday_20261120", Table::export(events("2026-11-20")));
    let test = tested(&scene).await;
    assert_eq!(test["ok"], true);
    assert!(step(&test, "dataset")["warnings"][0].as_str().unwrap().contains("no daily table"));
    assert_eq!(test["bigquery"]["newest"]["table"], "events_intraday_20261120");
}

#[tokio::test]
async fn what_stops_reading_an_export_is_said_with_what_to_do() {
    let stub = Stub::start().await;
    stub.put_table(
        "stub-project",
        "analytics_1",
        "events_20261118",
        Table::export(events("2026-11-18")).bytes(20_000_000),
    );
    let scene = bigquery_scene(&stub).await;

    stub.next(Endpoint::Tables, [Fault::AccessDenied]);
    let test = tested(&scene).await;
    assert_eq!(steps(&test), [("credentials", true), ("dataset", false)]);
    assert!(message(&test, "dataset").contains("Grant robot@stub-project"), "{test}");

    // Elsewhere than in the multi-regions: tables can be listed, and queries have to say where.
    stub.location("europe-west3");
    let test = tested(&scene).await;
    assert_eq!(steps(&test), [("credentials", true), ("dataset", true), ("table", true), ("query", false)]);
    assert!(message(&test, "query").contains("Set `location`"), "{test}");
    let settings = json!({"project": "stub-project", "dataset": "analytics_1", "location": "europe-west3",
        "max_bytes_billed": 10_000_000});
    scene.put(json!({"bigquery": settings})).await.expect(200);
    let test = tested(&scene).await;
    assert_eq!(step(&test, "query")["ok"], false);
    assert!(message(&test, "query").contains("20000000 bytes, and max_bytes_billed is 10000000"), "{test}");

    let columns = vec![Column::new("event_date", "STRING"), Column::new("user", "STRING")];
    stub.put_table("stub-project", "analytics_1", "events_20261119", Table::with_columns(columns, Vec::new()));
    let test = tested(&scene).await;
    assert_eq!(steps(&test), [("credentials", true), ("dataset", true), ("table", false)]);
    assert!(message(&test, "table").contains("it has no event_timestamp, event_name"), "{test}");

    scene.put(bigquery("stub-project", "analytics_2")).await.expect(200);
    let test = tested(&scene).await;
    assert_eq!(steps(&test), [("credentials", true), ("dataset", false)]);
    assert!(message(&test, "dataset").contains("analytics_2"), "{test}");
}

#[tokio::test]
async fn keys_that_are_missing_or_wrong_are_said_to_be() {
    let stub = Stub::start().await;
    stub.put_table("stub-project", "analytics_1", "events_20261118", Table::export(events("2026-11-18")));
    let scene = SourceScene::against(&stub).await;
    scene.put(bigquery("stub-project", "analytics_1")).await.expect(200);
    let test = tested(&scene).await;
    assert_eq!(steps(&test), [("credentials", false)]);
    assert!(message(&test, "credentials").contains("data-service source allow --tenant"), "{test}");
    assert_eq!(stub.all_calls().len(), 0, "without a key nobody is asked");

    scene.put(json!({"service_account": stranger_key()})).await.expect(200);
    let test = tested(&scene).await;
    assert_eq!(steps(&test), [("credentials", true), ("dataset", false)]);
    assert!(message(&test, "dataset").contains("Invalid JWT Signature"), "{test}");
}

#[tokio::test]
async fn a_test_ends_before_its_reader_gives_up() {
    let stub = Stub::start().await;
    stub.put_table("stub-project", "analytics_1", "events_20261118", Table::export(events("2026-11-18")));
    let scene = bigquery_scene(&stub).await;
    stub.next(Endpoint::Tables, (0..40).map(|_| Fault::BackendError));
    let began = Instant::now();
    let test = tested(&scene).await;
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    assert_eq!(steps(&test), [("credentials", true), ("dataset", false)], "{test}");
}

fn whole_property() -> Property {
    [
        "customEvent:ga_session_id",
        "customEvent:client_id",
        "customUser:WebUserId",
        "customUser:default_branch_id",
        "customEvent:no_search_results_term",
    ]
    .into_iter()
    .fold(Property::of_events(New_York, events("2026-11-18")), Property::register)
}

fn capability<'a>(test: &'a Value, part: &str, name: &str) -> &'a Value {
    let all = test["data_api"][part].as_array().unwrap();
    all.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name} in {all:?}"))
}

#[tokio::test]
async fn a_property_with_everything_registered_supports_all_but_items() {
    let stub = Stub::start().await;
    let scene = data_api_scene(&stub, whole_property().quota("tokensPerHour", 1234)).await;
    let test = tested(&scene).await;
    assert_eq!(
        steps(&test),
        ["credentials", "property", "dimensions", "reports", "time_zone", "currency"].map(|step| (step, true)),
        "{test}"
    );
    assert!(test["steps"].as_array().unwrap().iter().all(|step| step["warnings"] == json!([])), "{test}");
    let found = &test["data_api"];
    assert_eq!(
        (&found["time_zone"], &found["currency"], &found["tokens_left_this_hour"]),
        (&json!("America/New_York"), &json!("USD"), &json!(1234))
    );
    assert_eq!(found["dimensions"][0]["dimension"], "customEvent:ga_session_id");
    assert_eq!(capability(&test, "metrics", "repeatVisits")["extent"], "full");
    assert_eq!(capability(&test, "lists", "search-analysis")["extent"], "full");
    let carts = capability(&test, "lists", "cart-abandonment");
    assert_eq!((&carts["extent"], &carts["missing"]), (&json!("partial"), &json!([])));
    // The report is of a day that is over by the tenant's clocks.
    let report = &stub.calls(Endpoint::Report)[0].body["dateRanges"][0]["startDate"];
    assert_eq!(*report, json!((Utc::now().with_timezone(&New_York).date_naive() - Days::new(1)).to_string()));
}

#[tokio::test]
async fn what_a_bare_property_cannot_support_is_said_and_why() {
    let stub = Stub::start().await;
    let scene = data_api_scene(&stub, Property::of_events(New_York, Vec::new())).await;
    let test = tested(&scene).await;
    assert_eq!(test["ok"], true, "{test}");
    assert_eq!(step(&test, "dimensions")["warnings"].as_array().unwrap().len(), 5);
    assert!(message(&test, "dimensions").contains("Not supported: totalVisitors, conversionRate, abandonedCarts"));
    for (part, name, extent) in [
        ("metrics", "purchases", "partial"),
        ("metrics", "uniqueUsers", "none"),
        ("lists", "purchases", "partial"),
        ("lists", "performance", "none"),
        ("tables", "page_view", "partial"),
    ] {
        assert_eq!(capability(&test, part, name)["extent"], extent, "{name}");
    }
    assert_eq!(capability(&test, "lists", "repeat-visits")["missing"], json!(["session", "visitor", "user"]));
    // A tenant whose site names the customer otherwise has that registered.
    scene.run("update tenants set user_property = 'CustomerNo'").await;
    stub.put_property(PROPERTY, Property::of_events(New_York, Vec::new()).register("customUser:CustomerNo"));
    let test = tested(&scene).await;
    assert_eq!(test["data_api"]["dimensions"][2]["dimension"], "customUser:CustomerNo");
    assert_eq!(capability(&test, "lists", "repeat-visits")["missing"], json!(["session", "visitor"]));
}

#[tokio::test]
async fn sets_that_google_does_not_take_cost_their_table_only() {
    let stub = Stub::start().await;
    let scene = data_api_scene(&stub, whole_property().incompatible("transactionId", "customEvent:client_id")).await;
    let test = tested(&scene).await;
    assert_eq!((step(&test, "reports")["ok"].clone(), &test["ok"]), (json!(false), &json!(false)));
    assert!(message(&test, "reports").contains("purchase: "), "{test}");
    assert_eq!(capability(&test, "tables", "purchase")["extent"], "none");
    assert_eq!(capability(&test, "tables", "page_view")["extent"], "full");
    assert_eq!(step(&test, "time_zone")["ok"], true, "it goes on");
}

#[tokio::test]
async fn other_clocks_and_another_currency_are_warnings() {
    let stub = Stub::start().await;
    let property = Property::of_events(chrono_tz::Europe::Berlin, events("2026-11-18")).currency("EUR");
    let scene = data_api_scene(&stub, property).await;
    let test = tested(&scene).await;
    assert_eq!(test["ok"], true);
    let clocks = step(&test, "time_zone");
    assert_eq!(clocks["message"], "The property goes by Europe/Berlin, the tenant by America/New_York.");
    assert!(clocks["warnings"][0].as_str().unwrap().contains("days are cut by the property's clocks"));
    assert_eq!(step(&test, "currency")["warnings"].as_array().unwrap().len(), 1);
    // The same clocks under another name.
    scene.run("update tenants set time_zone = 'Europe/Paris', currency = 'EUR'").await;
    let test = tested(&scene).await;
    for name in ["time_zone", "currency"] {
        assert_eq!(step(&test, name)["warnings"], json!([]), "{test}");
    }
}

#[tokio::test]
async fn a_property_that_may_not_be_read_says_whom_to_let_in() {
    let stub = Stub::start().await;
    let scene = data_api_scene(&stub, Property::of_events(Tz::UTC, Vec::new())).await;
    stub.next(Endpoint::Metadata, [Fault::PropertyDenied]);
    let test = tested(&scene).await;
    assert_eq!(steps(&test), [("credentials", true), ("property", false)]);
    assert!(message(&test, "property").contains("Give robot@stub-project.iam.gserviceaccount.com the role Viewer"));
    assert_eq!(test["data_api"], Value::Null);
    // Its quota is used up after the metadata: what is known is told.
    stub.next(Endpoint::Report, [Fault::PropertyHour]);
    let test = tested(&scene).await;
    assert_eq!(step(&test, "time_zone")["ok"], false);
    assert!(message(&test, "time_zone").contains("tokens"), "{test}");
    assert_eq!(capability(&test, "metrics", "purchases")["extent"], "partial");
}

#[tokio::test]
async fn the_folder_is_listed() {
    let scene = SourceScene::new().await;
    let test = tested(&scene).await;
    assert_eq!((steps(&test), &test["ok"]), (vec![("folder", true)], &json!(true)));
    assert_eq!(step(&test, "folder")["warnings"].as_array().unwrap().len(), 1);
    let folder = scene.folder();
    for name in ["events_20261117.json", "events_intraday_20261119.json.gz", "shops.csv", ".hidden"] {
        std::fs::write(folder.join(name), "12345").unwrap();
    }
    std::os::unix::fs::symlink("/etc/passwd", folder.join("events_20261120.json")).unwrap();
    let test = tested(&scene).await;
    assert_eq!(
        test["export_files"],
        json!({
            "files_total": 3, "bytes_total": 15, "days": 2, "first_day": "2026-11-17", "last_day": "2026-11-19",
            "files": [
                {"name": "shops.csv", "bytes": 5, "day": null, "shard": null},
                {"name": "events_intraday_20261119.json.gz", "bytes": 5, "day": "2026-11-19", "shard": "intraday"},
                {"name": "events_20261117.json", "bytes": 5, "day": "2026-11-17", "shard": "daily"},
            ],
        })
    );
    // A link in the folder's place could lead anywhere; where, is not said.
    std::fs::remove_dir_all(&folder).unwrap();
    std::os::unix::fs::symlink("/etc", &folder).unwrap();
    let test = tested(&scene).await;
    assert_eq!(steps(&test), [("folder", false)]);
    let place = scene.root.path().to_string_lossy().into_owned();
    assert!(!test.to_string().contains(&place), "{test}");
}
