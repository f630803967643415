//! The Data API: fields, what goes together, reports page by page.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono_tz::America::New_York;
use google::{Google, GoogleError, ReportRequest, ReportRow};
use serde_json::json;
use testkit::google::{Endpoint, Fault, MadeRow, Property, Reported, Stub};
use testkit::rows::{Event, Item};

use crate::support::{PACE, PROPERTY, analytics, endpoints, key, names, request};

fn row(dimensions: &[&str], metrics: &[&str]) -> ReportRow {
    ReportRow { dimensions: names(dimensions), metrics: names(metrics) }
}

#[tokio::test]
async fn registered_fields_are_told_from_googles_own() {
    let stub = Stub::start().await;
    stub.put_property(PROPERTY, Property::of_events(New_York, Vec::new()).register("customUser:WebUserId"));
    let metadata = analytics(&stub).metadata().await.unwrap();
    let field = |name: &str| metadata.dimensions.iter().find(|field| field.api_name == name).unwrap();
    assert!(!field("eventName").custom);
    assert_eq!(field("eventName").ui_name, "Event name");
    assert!(field("customUser:WebUserId").custom);
    assert!(metadata.has_metric("eventCount") && metadata.has_dimension("eventName"));
    assert!(!metadata.has_dimension("customUser:webuserid") && !metadata.has_metric("eventName"));
}

#[tokio::test]
async fn what_does_not_go_together_is_an_answer() {
    let stub = Stub::start().await;
    stub.put_property(PROPERTY, Property::of_events(New_York, Vec::new()));
    let client = analytics(&stub);
    let events = client.check_compatibility(&names(&["eventName"]), &names(&["eventCount"])).await.unwrap();
    assert_eq!(events.refused, None);
    assert!(events.incompatible_dimensions.contains(&String::from("itemId")));
    assert!(!events.incompatible_dimensions.contains(&String::from("pageTitle")));
    let items = client.check_compatibility(&names(&["itemId"]), &names(&["itemRevenue"])).await.unwrap();
    assert!(items.incompatible_metrics.contains(&String::from("purchaseRevenue")));
    let both = client.check_compatibility(&names(&["itemId"]), &names(&["eventCount"])).await.unwrap();
    assert!(both.refused.unwrap().contains("dimensions & metrics are incompatible"));
    let unknown = client.check_compatibility(&names(&["itemId", "shoeSize"]), &[]).await;
    assert!(
        matches!(&unknown, Err(GoogleError::Invalid(text)) if text.contains("Field shoeSize is not a valid dimension. For")),
        "{unknown:?}"
    );
}

#[tokio::test]
async fn a_report_is_counted_in_the_propertys_time() {
    let stub = Stub::start().await;
    let event = |name: &str, at: &str| Event::at(name, New_York, at).visit("1.1", 7).page("https://shop.example/a?b=c");
    let rows = vec![
        event("page_view", "2026-11-01 00:10:00").build(),
        event("page_view", "2026-11-01 00:10:59").property("WebUserId", "u-1").build(),
        event("page_view", "2026-11-01 23:59:59").build(),
        event("page_view", "2026-10-31 23:59:59").build(),
        event("scroll", "2026-11-01 00:10:00").build(),
        event("purchase", "2026-11-01 12:00:00").transaction(77).revenue(10.5).build(),
        // Fired twice: an event more, and no purchase more.
        event("purchase", "2026-11-01 12:00:01").transaction(77).revenue(10.5).build(),
    ];
    stub.put_property(PROPERTY, Property::of_events(New_York, rows).register("customUser:WebUserId").currency("EUR"));
    let client = analytics(&stub);
    let asked = ReportRequest {
        event_names: Some(names(&["page_view", "purchase"])),
        ..request(
            &["dateHourMinute", "customUser:WebUserId", "transactionId", "pagePath"],
            &["eventCount", "transactions", "purchaseRevenue"],
        )
    };
    let report = client.run_report(&asked).await.unwrap();
    assert_eq!(
        report.rows,
        [
            row(&["202611010010", "(not set)", "(not set)", "/a"], &["1", "0", "0"]),
            row(&["202611010010", "u-1", "(not set)", "/a"], &["1", "0", "0"]),
            row(&["202611011200", "u-1", "77", "/a"], &["2", "1", "10.5"]),
            row(&["202611012359", "u-1", "(not set)", "/a"], &["1", "0", "0"]),
        ]
    );
    assert_eq!(report.row_count, 4);
    assert_eq!(report.metadata.currency_code.as_deref(), Some("EUR"));
    assert_eq!(report.metadata.time_zone.as_deref(), Some("America/New_York"));
    let quota = report.quota.unwrap();
    assert_eq!(quota.tokens_per_project_per_hour.unwrap().remaining, 13_999);
    assert_eq!(quota.concurrent_requests.unwrap().consumed, 0);
    let body = stub.calls(Endpoint::Report)[0].body.clone();
    assert_eq!(body["dateRanges"], json!([{ "startDate": "2026-11-01", "endDate": "2026-11-01" }]));
    assert_eq!(body["orderBys"].as_array().unwrap().len(), 4, "a total order, or pages overlap");
    assert_eq!((&body["limit"], &body["offset"]), (&json!("10000"), &json!("0")));

    let total = client.run_report(&request(&[], &["eventCount"])).await.unwrap();
    assert_eq!(total.rows, [row(&[], &["6"])]);
}

#[tokio::test]
async fn items_are_counted_by_item() {
    let stub = Stub::start().await;
    let purchase = Event::at("purchase", New_York, "2026-11-01 12:00:00")
        .transaction("T-1")
        .item(Item::new("A", "Drill").price(10.0).quantity(3))
        .item(Item::new("B", "Bit").price(0.5));
    let view = Event::at("view_item", New_York, "2026-11-01 12:00:00").item(Item::new("A", "Drill").quantity(1));
    stub.put_property(PROPERTY, Property::of_events(New_York, vec![purchase.build(), view.build()]));
    let metrics = ["itemsPurchased", "itemRevenue"];
    let report =
        analytics(&stub).run_report(&request(&["transactionId", "itemId", "itemName"], &metrics)).await.unwrap();
    assert_eq!(report.rows, [row(&["T-1", "A", "Drill"], &["3", "30"]), row(&["T-1", "B", "Bit"], &["1", "0.5"])]);
}

#[tokio::test]
async fn an_empty_report_is_a_report() {
    let stub = Stub::start().await;
    stub.put_property(PROPERTY, Property::of_events(New_York, Vec::new()).flag("emptyReason", json!("NO_DATA")));
    let report = analytics(&stub).run_report(&request(&["date"], &["eventCount"])).await.unwrap();
    assert_eq!((report.rows.len(), report.row_count), (0, 0));
    assert_eq!(report.metadata.empty_reason.as_deref(), Some("NO_DATA"));
    // With nothing in it at all.
    stub.next(Endpoint::Report, [Fault::Raw(200, String::from("{}"))]);
    let report = analytics(&stub).run_report(&request(&["date"], &["eventCount"])).await.unwrap();
    assert_eq!((report.rows.len(), report.row_count, report.quota), (0, 0, None));
}

#[tokio::test]
async fn what_makes_figures_doubtful_is_told() {
    let stub = Stub::start().await;
    let events = (0..10).map(|n| {
        let event = Event::at("page_view", New_York, "2026-11-01 12:00:00").page(&format!("https://shop.example/{n}"));
        event.build()
    });
    let property = Property::of_events(New_York, events.collect())
        .most_rows(4)
        .flag("subjectToThresholding", json!(true))
        .flag("samplingMetadatas", json!([{ "samplesReadCount": "500", "samplingSpaceSize": "2000" }]))
        .flag("dataTruncationReasons", json!(["ROWS", { "reason": "SIZE" }]))
        .flag("schemaRestrictionResponse", json!({ "activeMetricRestrictions": [{ "metricName": "purchaseRevenue" }] }))
        .quota("tokensPerHour", 3);
    stub.put_property(PROPERTY, property);
    let report = analytics(&stub).run_report(&request(&["pageLocation", "date"], &["eventCount"])).await.unwrap();
    let metadata = report.metadata;
    assert!(metadata.data_loss_from_other_row && metadata.subject_to_thresholding && metadata.restricted);
    assert_eq!(metadata.sampled, Some((500, 2000)));
    assert_eq!(metadata.truncation, ["ROWS", "{\"reason\":\"SIZE\"}"]);
    assert_eq!(report.quota.unwrap().tokens_per_hour.unwrap().remaining, 3);
    assert_eq!(report.rows.len(), 5);
    assert!(report.rows.contains(&row(&["(other)", "(other)"], &["6"])), "{:?}", report.rows);
}

#[tokio::test]
async fn a_quarter_of_a_million_rows_and_one_come_once_each() {
    const COUNT: u64 = 250_001;
    let stub = Stub::start().await;
    let made = |n: u64| MadeRow { dimensions: vec![format!("{n:06}")], metrics: vec![String::from("1")] };
    stub.put_property(PROPERTY, Property::made(New_York, move |_| Reported::Made(COUNT, Arc::new(made))));
    let client = Google::new(endpoints(&stub), PACE).unwrap().analytics(key(&stub), PROPERTY);
    // More than Google gives in one page is silently given as one page.
    let first = client.run_report(&ReportRequest { limit: 300_000, ..request(&["eventName"], &["eventCount"]) }).await;
    let first = first.unwrap();
    assert_eq!((first.rows.len(), first.row_count), (250_000, COUNT));
    let mut seen: BTreeSet<String> = first.rows.into_iter().map(|row| row.dimensions[0].clone()).collect();
    assert_eq!(seen.len(), 250_000);
    let rest = ReportRequest { limit: 300_000, offset: 250_000, ..request(&["eventName"], &["eventCount"]) };
    let rest = client.run_report(&rest).await.unwrap();
    assert_eq!((rest.rows.len(), rest.row_count), (1, COUNT));
    assert!(seen.insert(rest.rows[0].dimensions[0].clone()), "a row that had not come yet");
    let beyond = ReportRequest { limit: 10, offset: COUNT, ..request(&["eventName"], &["eventCount"]) };
    assert_eq!(client.run_report(&beyond).await.unwrap().rows, []);
    assert_eq!(stub.count(Endpoint::Report), 3);
}

#[tokio::test]
async fn requests_that_google_refuses_are_refused_in_its_words() {
    let stub = Stub::start().await;
    stub.put_property(PROPERTY, Property::of_events(New_York, Vec::new()));
    let client = analytics(&stub);
    let ten = [
        "date", "dateHour", "dateHourMinute", "eventName", "pageLocation", "pageTitle", "city", "country", "streamId",
        "searchTerm",
    ];
    for (request, says) in [
        (request(&ten, &["eventCount"]), "Requests are limited to 9 dimensions"),
        (request(&["customUser:WebUserId"], &["eventCount"]), "Field customUser:WebUserId is not a valid dimension."),
        (request(&["date"], &["shoeCount"]), "Field shoeCount is not a valid metric."),
        (
            request(&["itemId"], &["eventCount"]),
            "to make the request compatible. The request's dimensions & metrics are",
        ),
        (request(&["date", "date"], &["eventCount"]), "Found duplicate dimensions: date"),
        (request(&[], &[]), "dimensions and/or metrics"),
    ] {
        let refused = client.run_report(&request).await;
        assert!(matches!(&refused, Err(GoogleError::Invalid(text)) if text.contains(says)), "{says}: {refused:?}");
    }
    assert_eq!(stub.count(Endpoint::Report), 6, "what is invalid is asked once");
}

#[tokio::test]
async fn a_report_that_contradicts_itself_is_broken() {
    let stub = Stub::start().await;
    let event = Event::at("page_view", New_York, "2026-11-01 12:00:00").build();
    stub.put_property(PROPERTY, Property::of_events(New_York, vec![event]));
    let client = analytics(&stub);
    let change = |how: fn(&mut serde_json::Value)| Fault::Change(Box::new(how));
    let faults = [
        change(|body| body["dimensionHeaders"][0]["name"] = json!("city")),
        change(|body| body["rows"][0]["dimensionValues"] = json!([])),
        change(|body| body["rowCount"] = json!(0)),
        change(|body| body["rowCount"] = json!(-1)),
        change(|body| body["metricHeaders"] = json!([])),
    ];
    let count = faults.len();
    stub.next(Endpoint::Report, faults);
    for number in 0..count {
        let broken = client.run_report(&request(&["date"], &["eventCount"])).await;
        assert!(matches!(broken, Err(GoogleError::Broken(_))), "{number}: {broken:?}");
    }
    client.run_report(&request(&["date"], &["eventCount"])).await.unwrap();
}
