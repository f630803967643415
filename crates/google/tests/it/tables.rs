//! tables.get and tables.list.

use google::{FieldKind, GoogleError};
use serde_json::json;
use testkit::google::{Column, Endpoint, Fault, Stub, Table};

use crate::support::{DATASET, PROJECT, SHARD, bigquery, put};

#[tokio::test]
async fn a_table_is_described_as_it_is_now() {
    let stub = Stub::start().await;
    stub.put_dataset(PROJECT, DATASET);
    let bigquery = bigquery(&stub);
    assert_eq!(bigquery.table(PROJECT, DATASET, SHARD).await.unwrap(), None, "not there yet");

    let rows = vec![json!({ "event_name": "page_view" }), json!({ "event_name": "purchase" })];
    put(&stub, Table::export(rows.clone()).modified(1_793_500_000_123).bytes(77).streaming());
    let info = bigquery.table(PROJECT, DATASET, SHARD).await.unwrap().unwrap();
    assert_eq!((info.modified_ms, info.rows, info.bytes, info.streaming), (1_793_500_000_123, 2, 77, true));
    let field = |name: &str| info.schema.iter().find(|field| field.name == name).unwrap();
    assert_eq!((field("event_timestamp").kind, field("event_timestamp").repeated), (FieldKind::Int, false));
    assert_eq!(field("is_active_user").kind, FieldKind::Bool);
    let params = field("event_params");
    assert_eq!((params.kind, params.repeated), (FieldKind::Record, true));
    let slots: Vec<&str> = params.fields[1].fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(slots, ["string_value", "int_value", "float_value", "double_value"]);

    put(&stub, Table::export(rows).modified(1_793_500_000_124));
    let info = bigquery.table(PROJECT, DATASET, SHARD).await.unwrap().unwrap();
    assert_eq!((info.modified_ms, info.streaming), (1_793_500_000_124, false));
    stub.drop_table(PROJECT, DATASET, SHARD);
    assert_eq!(bigquery.table(PROJECT, DATASET, SHARD).await.unwrap(), None, "gone again");
    assert_eq!(stub.count(Endpoint::Token), 1);
}

#[tokio::test]
async fn every_name_of_a_type_is_known() {
    let stub = Stub::start().await;
    let kinds = [
        ("INT64", FieldKind::Int),
        ("INTEGER", FieldKind::Int),
        ("FLOAT64", FieldKind::Float),
        ("BOOL", FieldKind::Bool),
        ("STRUCT", FieldKind::Record),
        ("TIMESTAMP", FieldKind::Timestamp),
        ("NUMERIC", FieldKind::Text),
        ("JSON", FieldKind::Text),
        ("A_TYPE_OF_TOMORROW", FieldKind::Text),
    ];
    let columns = kinds.iter().map(|(kind, _)| Column::new(kind, kind)).collect();
    put(&stub, Table::with_columns(columns, Vec::new()));
    let info = bigquery(&stub).table(PROJECT, DATASET, SHARD).await.unwrap().unwrap();
    let known: Vec<FieldKind> = info.schema.iter().map(|field| field.kind).collect();
    assert_eq!(known, kinds.map(|(_, kind)| kind));
}

#[tokio::test]
async fn a_missing_dataset_is_an_error_and_no_missing_table() {
    let stub = Stub::start().await;
    let bigquery = bigquery(&stub);
    let missing = bigquery.table(PROJECT, "analytics_2", SHARD).await;
    let Err(GoogleError::NotFound(text)) = missing else { panic!("{missing:?}") };
    assert_eq!(
        text,
        "Google found nothing for reading the schema of `shop-project.analytics_2.events_20261101`: Not found: Dataset \
         shop-project:analytics_2."
    );
    let missing = bigquery.tables(PROJECT, "analytics_2").await;
    assert!(matches!(missing, Err(GoogleError::NotFound(_))), "{missing:?}");
    // A page of a proxy says nothing about tables.
    stub.next(Endpoint::Table, [Fault::Html(404)]);
    let page = bigquery.table(PROJECT, DATASET, SHARD).await;
    assert!(matches!(page, Err(GoogleError::NotFound(_))), "{page:?}");
}

#[tokio::test]
async fn names_that_are_paths_are_refused_and_others_escaped() {
    let stub = Stub::start().await;
    let bigquery = bigquery(&stub);
    for name in ["..", ".", ""] {
        let refused = bigquery.table(PROJECT, name, SHARD).await;
        assert!(matches!(refused, Err(GoogleError::Invalid(_))), "{name:?}: {refused:?}");
    }
    assert!(stub.all_calls().is_empty());
    bigquery.tables("p/../../v1beta", "d?x#y").await.unwrap_err();
    let call = &stub.calls(Endpoint::Tables)[0];
    assert_eq!(call.path, "/bigquery/v2/projects/p%2F..%2F..%2Fv1beta/datasets/d%3Fx%23y/tables");
}

#[tokio::test]
async fn all_pages_of_a_list_are_read() {
    let stub = Stub::start().await;
    stub.put_dataset(PROJECT, DATASET);
    let bigquery = bigquery(&stub);
    assert_eq!(bigquery.tables(PROJECT, DATASET).await.unwrap(), Vec::<String>::new());
    let names: Vec<String> = (0..2_001).map(|number| format!("events_{number:08}")).collect();
    for name in &names {
        stub.put_table(PROJECT, DATASET, name, Table::with_columns(Vec::new(), Vec::new()));
    }
    stub.forget_calls();
    assert_eq!(bigquery.tables(PROJECT, DATASET).await.unwrap(), names);
    assert_eq!(stub.count(Endpoint::Tables), 3);
}
