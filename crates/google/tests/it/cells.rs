//! Cells of every type become what an extract writes.

use google::GoogleError;
use serde_json::{Value, json};
use testkit::google::{Endpoint, Fault, Stub};

use crate::support::{answer, bigquery};

/// The only row of an answer whose schema and cells are these.
async fn decoded(fields: Value, cells: Value) -> Result<Value, GoogleError> {
    let stub = Stub::start().await;
    let body = json!({
        "jobComplete": true, "jobReference": { "projectId": "p", "jobId": "j", "location": "US" },
        "schema": { "fields": fields }, "totalRows": "1", "rows": [{ "f": cells }],
    });
    stub.next(Endpoint::Query, [Fault::Raw(200, body.to_string())]);
    answer(&bigquery(&stub)).await.map(|rows| rows[0].clone())
}

/// One cell of this type.
async fn cell(kind: &str, value: Value) -> Result<Value, String> {
    let fields = json!([{ "name": "x", "type": kind, "mode": "NULLABLE" }]);
    match decoded(fields, json!([{ "v": value }])).await {
        Ok(row) => Ok(row.get("x").cloned().unwrap_or(json!("left out"))),
        Err(GoogleError::Broken(text)) => Err(text),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn scalars() {
    for (kind, wire, extract) in [
        (
            "STRING",
            json!("a \"quoted\" \\ line\nend \u{1F529} \u{0001} </script>"),
            json!("a \"quoted\" \\ line\nend \u{1F529} \u{0001} </script>"),
        ),
        ("STRING", json!(""), json!("")),
        ("STRING", Value::Null, json!("left out")),
        ("INTEGER", json!("1612069510766593"), json!("1612069510766593")),
        ("INT64", json!("-9223372036854775808"), json!("-9223372036854775808")),
        ("INTEGER", json!(7), json!("7")),
        ("FLOAT", json!("44.79"), json!(44.79)),
        ("FLOAT64", json!("5.0"), json!(5.0)),
        ("FLOAT", json!("1.0E10"), json!(1.0e10)),
        ("FLOAT", json!("-0.000001"), json!(-0.000_001)),
        ("FLOAT", json!("+.5"), json!(0.5)),
        ("FLOAT", json!(2.5), json!(2.5)),
        ("FLOAT", json!("NaN"), json!("left out")),
        ("FLOAT", json!("Infinity"), json!("left out")),
        ("FLOAT", json!("-Infinity"), json!("left out")),
        ("BOOLEAN", json!("true"), json!(true)),
        ("BOOL", json!("false"), json!(false)),
        ("BOOL", json!(true), json!(true)),
        ("TIMESTAMP", json!("1793523900123456"), json!("2026-11-01 09:05:00.123456 UTC")),
        ("TIMESTAMP", json!("1793523900000000"), json!("2026-11-01 09:05:00 UTC")),
        ("NUMERIC", json!("1234567890123456789.123"), json!("1234567890123456789.123")),
        ("DATE", json!("2026-11-01"), json!("2026-11-01")),
        ("BYTES", json!("aGVsbG8="), json!("aGVsbG8=")),
    ] {
        assert_eq!(cell(kind, wire.clone()).await, Ok(extract), "{kind} {wire}");
    }
}

#[tokio::test]
async fn what_does_not_fit_its_type_is_broken_and_named() {
    for (kind, wire, says) in [
        ("INTEGER", json!("1.61E15"), "row 1: field `x`: `1.61E15` is no INT64"),
        ("INTEGER", json!("9223372036854775808"), "is no INT64"),
        ("FLOAT", json!("much"), "field `x`: `much` is no FLOAT64"),
        ("BOOLEAN", json!("yes"), "field `x`: `yes` is no BOOL"),
        ("TIMESTAMP", json!("1.6E9"), "field `x`: `1.6E9` is no TIMESTAMP"),
        ("STRING", json!({ "f": [] }), "field `x`: invalid type: map, expected a text"),
        ("STRING", json!([]), "field `x`: invalid type: sequence, expected a text"),
        ("RECORD", json!("text"), "field `x`: invalid type: string \"text\", expected an object with `f`"),
    ] {
        let told = cell(kind, wire.clone()).await.unwrap_err();
        assert!(told.contains(says), "{kind} {wire}: {told}");
    }
}

#[tokio::test]
async fn parameters_of_an_event_as_google_nests_them() {
    let slots: Vec<Value> =
        [("string_value", "STRING"), ("int_value", "INTEGER"), ("float_value", "FLOAT"), ("double_value", "FLOAT")]
            .iter()
            .map(|(name, kind)| json!({ "name": name, "type": kind, "mode": "NULLABLE" }))
            .collect();
    let fields = json!([
        { "name": "event_name", "type": "STRING", "mode": "REQUIRED" },
        { "name": "event_params", "type": "RECORD", "mode": "REPEATED", "fields": [
            { "name": "key", "type": "STRING", "mode": "NULLABLE" },
            { "name": "value", "type": "RECORD", "mode": "NULLABLE", "fields": slots },
        ] },
        { "name": "items", "type": "RECORD", "mode": "REPEATED", "fields": [
            { "name": "item_id", "type": "STRING" },
            { "name": "item_params", "type": "RECORD", "mode": "REPEATED", "fields": [{ "name": "key", "type": "STRING" }] },
        ] },
        { "name": "tags", "type": "STRING", "mode": "REPEATED" },
        { "name": "geo", "type": "RECORD", "fields": [{ "name": "city", "type": "STRING" }] },
    ]);
    let param = |key: &str, slots: Value| json!({ "v": { "f": [{ "v": key }, { "v": slots }] } });
    let row = decoded(
        fields,
        json!([
            { "v": "purchase" },
            { "v": [
                param("ga_session_id", json!({ "f": [{ "v": null }, { "v": "661084800" }, { "v": null }, { "v": null }] })),
                param("all null", json!({ "f": [{ "v": null }, { "v": null }, { "v": null }, { "v": null }] })),
                param("value null", Value::Null),
            ] },
            { "v": [{ "v": { "f": [{ "v": "A" }, { "v": [{ "v": { "f": [{ "v": "colour" }] } }] }] } },
                    { "v": { "f": [{ "v": null }, { "v": [] }] } }] },
            { "v": [{ "v": "x" }, { "v": null }] },
            { "v": null },
        ]),
    );
    assert_eq!(
        row.await.unwrap(),
        json!({
            "event_name": "purchase",
            "event_params": [
                { "key": "ga_session_id", "value": { "int_value": "661084800" } },
                { "key": "all null", "value": {} },
                { "key": "value null" },
            ],
            "items": [{ "item_id": "A", "item_params": [{ "key": "colour" }] }, { "item_params": [] }],
            "tags": ["x", null],
        })
    );
}

#[tokio::test]
async fn rows_that_do_not_fit_their_schema_are_broken() {
    let two = json!([{ "name": "a", "type": "STRING" }, { "name": "b", "type": "RECORD", "fields": [{ "name": "c", "type": "INTEGER" }] }]);
    for (cells, says) in [
        (json!([{ "v": "1" }]), "row 1: field `b`: the row ends before it"),
        (json!([{ "v": "1" }, { "v": null }, { "v": "3" }]), "row 1: there are more values than fields"),
        (json!([{ "v": "1" }, { "v": { "f": [{ "v": "x" }] } }]), "row 1: field `b.c`: `x` is no INT64"),
        (json!([{ "w": "1" }, { "v": null }]), "row 1: field `a`: there is no `v`"),
        (json!("text"), "row 1: invalid type: string \"text\", expected a list of 2 values"),
    ] {
        let broken = decoded(two.clone(), cells).await;
        let Err(GoogleError::Broken(text)) = broken else { panic!("{broken:?}") };
        assert!(text.contains(says), "{text}");
    }
}

#[tokio::test]
async fn keys_that_nobody_knows_are_passed_over() {
    let stub = Stub::start().await;
    let body = r#"{"kind":"x","future":{"deep":[1,{"rows":[]}]},"jobComplete":true,"jobReference":{"projectId":"p","jobId":"j","x":1},
        "schema":{"fields":[{"name":"n\u00e4me \"x\"","type":"STRING","policyTags":{}}]},"totalRows":"2",
        "rows":[ {"extra":[{"f":1}],"f":[{"t":0,"v":"one","u":null}]} , {"f":[{"v":"two\u00e9"}]} ]}"#;
    stub.next(Endpoint::Query, [Fault::Raw(200, body.to_owned())]);
    let rows = answer(&bigquery(&stub)).await.unwrap();
    assert_eq!(rows, [json!({ "n\u{e4}me \"x\"": "one" }), json!({ "n\u{e4}me \"x\"": "two\u{e9}" })]);
}
