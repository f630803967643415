//! Queries: what is posted, waiting, pages, and that all rows came.

use std::time::Duration;

use google::{Google, GoogleError, Parameter, Query};
use serde_json::{Value, json};
use testkit::google::{Column, Endpoint, Fault, Stub, Table};

use crate::support::{DATASET, PACE, PROJECT, SHARD, all, answer, bigquery, client, endpoints, everything, key, put};

/// Rows that know their number.
fn numbered(count: usize) -> Vec<Value> {
    let name = |number: usize| if number.is_multiple_of(3) { "purchase" } else { "page_view" };
    (0..count).map(|number| json!({ "event_name": name(number), "event_timestamp": number.to_string() })).collect()
}

fn two_columns(rows: Vec<Value>) -> Table {
    let columns = vec![Column::new("event_name", "STRING"), Column::new("event_timestamp", "INTEGER")];
    Table::with_columns(columns, rows)
}

#[tokio::test]
async fn three_pages_are_all_the_rows_in_order() {
    let stub = Stub::start().await;
    put(&stub, two_columns(numbered(25)));
    stub.page_rows(10);
    let mut rows = bigquery(&stub).query(&everything()).await.unwrap();
    assert_eq!(all(&mut rows).await.unwrap(), numbered(25));
    assert_eq!(rows.total(), Some(25));
    let sizes: Vec<Value> = stub.calls(Endpoint::Results).iter().map(|c| json!(c.parameter("pageToken"))).collect();
    assert_eq!(sizes, [json!("page-10"), json!("page-20")]);
    assert!(rows.next_page().await.unwrap().is_none(), "the end stays the end");
}

#[tokio::test]
async fn what_is_posted_is_what_google_wants() {
    let stub = Stub::start().await;
    put(&stub, two_columns(numbered(9)));
    let query = Query {
        sql: format!("select event_timestamp from `{PROJECT}.{DATASET}.{SHARD}` where event_name in unnest(@names)"),
        parameters: vec![
            (String::from("names"), Parameter::Texts(vec![String::from("purchase"), String::from("refund")])),
            (String::from("zone"), Parameter::Text(String::from("Europe/Berlin"))),
            (String::from("least"), Parameter::Int(-3)),
        ],
        max_bytes_billed: Some(1 << 40),
    };
    let mut rows = bigquery(&stub).query(&query).await.unwrap();
    let stamps: Vec<Value> = all(&mut rows).await.unwrap();
    assert_eq!(stamps, ["0", "3", "6"].map(|stamp| json!({ "event_timestamp": stamp })));
    let body = stub.calls(Endpoint::Query)[0].body.clone();
    assert_eq!(body["useLegacySql"], false);
    assert_eq!(body["parameterMode"], "NAMED");
    assert_eq!(body["maximumBytesBilled"], "1099511627776");
    assert_eq!(body["formatOptions"]["useInt64Timestamp"], true);
    assert_eq!(body["requestId"].as_str().unwrap().len(), 36);
    assert!(body.get("location").is_none());
    assert_eq!(
        body["queryParameters"],
        json!([
            { "name": "names", "parameterType": { "type": "ARRAY", "arrayType": { "type": "STRING" } },
              "parameterValue": { "arrayValues": [{ "value": "purchase" }, { "value": "refund" }] } },
            { "name": "zone", "parameterType": { "type": "STRING" }, "parameterValue": { "value": "Europe/Berlin" } },
            { "name": "least", "parameterType": { "type": "INT64" }, "parameterValue": { "value": "-3" } },
        ])
    );
}

#[tokio::test]
async fn a_query_that_is_not_complete_thrice_is_waited_for() {
    let stub = Stub::start().await;
    put(&stub, two_columns(numbered(5)));
    stub.incomplete(3);
    let mut rows = bigquery(&stub).query(&everything()).await.unwrap();
    assert_eq!(rows.total(), None);
    assert_eq!(all(&mut rows).await.unwrap(), numbered(5));
    assert_eq!((stub.count(Endpoint::Query), stub.count(Endpoint::Results)), (1, 3));
}

#[tokio::test]
async fn results_are_asked_for_where_the_job_is() {
    let stub = Stub::start().await;
    put(&stub, two_columns(numbered(25)));
    stub.location("europe-west3");
    stub.page_rows(10);
    stub.incomplete(1);
    let nowhere = bigquery(&stub).query(&everything()).await;
    assert!(matches!(&nowhere, Err(GoogleError::NotFound(text)) if text.contains("location US")), "{nowhere:?}");
    let there = client(&stub).bigquery(key(&stub), PROJECT, Some("europe-west3"));
    assert_eq!(answer(&there).await.unwrap(), numbered(25));
    let calls = stub.calls(Endpoint::Results);
    assert!(calls.iter().all(|call| call.parameter("location") == Some("europe-west3")), "{calls:?}");
    // Of a job in EU, nothing is said when it is posted, and its own place when it is asked for.
    stub.forget_calls();
    stub.location("EU");
    assert_eq!(answer(&bigquery(&stub)).await.unwrap(), numbered(25));
    assert_eq!(stub.calls(Endpoint::Results)[0].parameter("location"), Some("EU"));
}

#[tokio::test]
async fn rows_are_those_of_one_moment_and_none_is_a_result_too() {
    let stub = Stub::start().await;
    put(&stub, two_columns(numbered(20)));
    stub.page_rows(10);
    stub.next(
        Endpoint::Results,
        [Fault::Do(Box::new(|google| google.put_table(PROJECT, DATASET, SHARD, two_columns(Vec::new()))))],
    );
    let bigquery = bigquery(&stub);
    assert_eq!(answer(&bigquery).await.unwrap(), numbered(20));
    let mut rows = bigquery.query(&everything()).await.unwrap();
    assert_eq!(all(&mut rows).await.unwrap(), Vec::<Value>::new());
    assert_eq!(rows.total(), Some(0));
    stub.drop_table(PROJECT, DATASET, SHARD);
    let missing = bigquery.query(&everything()).await;
    assert!(matches!(&missing, Err(GoogleError::NotFound(text)) if text.contains("Not found: Table")), "{missing:?}");
}

#[tokio::test]
async fn an_empty_page_is_not_the_end() {
    let stub = Stub::start().await;
    put(&stub, two_columns(numbered(20)));
    stub.page_rows(10);
    let empty = |body: &mut Value| {
        body.as_object_mut().unwrap().remove("rows");
        body["pageToken"] = json!("page-0");
    };
    stub.next(Endpoint::Query, [Fault::Change(Box::new(empty))]);
    assert_eq!(answer(&bigquery(&stub)).await.unwrap(), numbered(20));
}

#[tokio::test]
async fn rows_that_do_not_add_up_are_broken() {
    for (claimed, says) in [
        (json!("26"), "it has 26 rows by its count, and 25 came"),
        (json!("24"), "it has 24 rows by its count, and more came"),
        (json!("many"), "its `totalRows` is no number"),
        (Value::Null, "it does not say how many rows it has"),
    ] {
        let stub = Stub::start().await;
        put(&stub, two_columns(numbered(25)));
        let change = move |body: &mut Value| body["totalRows"] = claimed;
        stub.next(Endpoint::Query, [Fault::Change(Box::new(change))]);
        let broken = answer(&bigquery(&stub)).await;
        let Err(GoogleError::Broken(text)) = &broken else { panic!("{broken:?}") };
        assert!(text.contains(says), "{text}");
    }
}

#[tokio::test]
async fn pages_that_never_end_are_broken() {
    let stub = Stub::start().await;
    put(&stub, two_columns(numbered(25)));
    stub.page_rows(10);
    let again = |body: &mut Value| {
        body["pageToken"] = json!("page-10");
        body.as_object_mut().unwrap().remove("rows");
    };
    stub.next(Endpoint::Results, [Fault::Change(Box::new(again))]);
    let broken = answer(&bigquery(&stub)).await;
    assert!(matches!(&broken, Err(GoogleError::Broken(text)) if text.contains("itself as the next")), "{broken:?}");
}

#[tokio::test]
async fn an_estimate_reads_nothing_and_a_limit_is_kept() {
    let stub = Stub::start().await;
    put(&stub, two_columns(numbered(5)).bytes(123_456_789));
    let bigquery = bigquery(&stub);
    assert_eq!(bigquery.dry_run(&everything()).await.unwrap(), 123_456_789);
    let call = &stub.calls(Endpoint::Query)[0];
    assert_eq!(call.body["dryRun"], true);
    let limited = |bytes| Query { max_bytes_billed: Some(bytes), ..everything() };
    assert!(bigquery.query(&limited(123_456_789)).await.is_ok());
    let refused = bigquery.query(&limited(123_456_788)).await;
    let Err(GoogleError::Invalid(text)) = refused else { panic!("{refused:?}") };
    assert_eq!(
        text,
        "Google did not accept a query: Query exceeded limit for bytes billed: 123456788. 123456789 or higher required."
    );
}

#[tokio::test]
async fn a_token_that_is_refused_in_mid_page_costs_no_row() {
    let stub = Stub::start().await;
    put(&stub, two_columns(numbered(45)));
    stub.page_rows(10);
    stub.next(Endpoint::Results, [Fault::Pass, Fault::Unauthorized]);
    assert_eq!(answer(&bigquery(&stub)).await.unwrap(), numbered(45));
    assert_eq!((stub.count(Endpoint::Token), stub.count(Endpoint::Results)), (2, 5));
}

#[tokio::test]
async fn a_query_that_failed_at_googles_end_is_asked_once_more() {
    let stub = Stub::start().await;
    put(&stub, two_columns(numbered(5)));
    stub.incomplete(1);
    stub.next(Endpoint::Query, [Fault::JobBackendError]);
    stub.next(Endpoint::Results, [Fault::JobBackendError]);
    assert_eq!(answer(&bigquery(&stub)).await.unwrap(), numbered(5));
    let calls = stub.calls(Endpoint::Query);
    assert_eq!(calls.len(), 3);
    assert_ne!(calls[0].body["requestId"], calls[1].body["requestId"]);
    // But not for ever.
    stub.forget_calls();
    stub.next(Endpoint::Query, (0..10).map(|_| Fault::JobBackendError));
    let failed = bigquery(&stub).query(&everything()).await;
    assert!(matches!(failed, Err(GoogleError::Unavailable(_))), "{failed:?}");
    assert_eq!(stub.count(Endpoint::Query), 4);
}

#[tokio::test]
async fn a_query_that_failed_with_success_failed() {
    let stub = Stub::start().await;
    let failed = |reason: &str, message: &str| {
        let errors = json!([{ "reason": reason, "message": message }]);
        json!({ "jobComplete": true, "jobReference": { "projectId": "p", "jobId": "j" }, "errors": errors }).to_string()
    };
    stub.next(
        Endpoint::Query,
        [
            Fault::Raw(200, failed("invalidQuery", "Unrecognized name: x")),
            Fault::Raw(200, failed("notFound", "Not found: Table a:b.c")),
        ],
    );
    let bigquery = bigquery(&stub);
    let invalid = bigquery.query(&everything()).await;
    assert!(
        matches!(&invalid, Err(GoogleError::Invalid(text)) if text.contains("Unrecognized name: x")),
        "{invalid:?}"
    );
    let missing = bigquery.query(&everything()).await;
    assert!(matches!(&missing, Err(GoogleError::NotFound(_))), "{missing:?}");
}

#[tokio::test]
async fn a_running_query_is_cancelled_and_so_is_one_that_is_dropped() {
    let stub = Stub::start().await;
    put(&stub, two_columns(numbered(5)));
    stub.location("europe-west3");
    stub.incomplete(1_000_000);
    let bigquery = client(&stub).bigquery(key(&stub), PROJECT, Some("europe-west3"));
    bigquery.query(&everything()).await.unwrap().cancel().await;
    assert_eq!(stub.cancelled(), ["job_1"]);

    let mut rows = bigquery.query(&everything()).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_millis(50), rows.next_page()).await;
    assert!(waited.is_err());
    drop(rows);
    for _ in 0..100 {
        if stub.cancelled().len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(stub.cancelled(), ["job_1", "job_2"]);

    // One that is complete has nothing to end.
    stub.incomplete(0);
    bigquery.query(&everything()).await.unwrap().cancel().await;
    assert_eq!(stub.count(Endpoint::Cancel), 2);
}

#[tokio::test]
async fn waiting_can_be_given_up_and_taken_up_again() {
    let stub = Stub::start().await;
    put(&stub, two_columns(numbered(30)));
    stub.page_rows(10);
    stub.next(Endpoint::Results, [Fault::Slow(Duration::from_millis(200))]);
    let mut rows = bigquery(&stub).query(&everything()).await.unwrap();
    assert_eq!(rows.next_page().await.unwrap().unwrap().len(), 10);
    assert!(tokio::time::timeout(Duration::from_millis(20), rows.next_page()).await.is_err());
    assert_eq!(all(&mut rows).await.unwrap(), numbered(30)[10..]);
}

#[tokio::test]
async fn an_error_of_the_callers_ends_a_page() {
    let stub = Stub::start().await;
    put(&stub, two_columns(numbered(5)));
    let mut rows = bigquery(&stub).query(&everything()).await.unwrap();
    let page = rows.next_page().await.unwrap().unwrap();
    let mut seen = 0;
    let ended = page.for_each(|_| {
        seen += 1;
        if seen == 3 { Err("enough") } else { Ok(()) }
    });
    assert_eq!((ended.unwrap(), seen), (Err("enough"), 3));
}

#[tokio::test]
async fn a_table_of_many_rows_comes_whole() {
    let stub = Stub::start().await;
    let columns = vec![Column::new("n", "INTEGER"), Column::new("text", "STRING")];
    put(&stub, Table::made(columns, 60_001, |n| json!({ "n": n.to_string(), "text": format!("row \u{e9} {n}") })));
    stub.page_rows(20_000);
    let patient = Google::new(endpoints(&stub), PACE).unwrap().bigquery(key(&stub), PROJECT, None);
    let mut rows = patient.query(&everything()).await.unwrap();
    let (mut next, mut pages) = (0, 0);
    while let Some(page) = rows.next_page().await.unwrap() {
        pages += 1;
        page.for_each(|row| {
            assert_eq!(row, format!("{{\"n\":\"{next}\",\"text\":\"row \u{e9} {next}\"}}").as_bytes());
            next += 1;
            Ok::<(), ()>(())
        })
        .unwrap()
        .unwrap();
    }
    assert_eq!((next, pages, rows.total()), (60_001, 4, Some(60_001)));
}
