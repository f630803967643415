//! Any row of any schema comes back as it was put there.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use testkit::google::{Column, Stub, Table};
use tokio::runtime::Runtime;

use crate::support::{answer, bigquery, put};

const SCALARS: [&str; 4] = ["STRING", "INTEGER", "FLOAT", "BOOLEAN"];

fn column() -> impl Strategy<Value = Column> {
    let scalar = (0..SCALARS.len(), any::<bool>())
        .prop_map(|(kind, repeated)| Column { repeated, ..Column::new("", SCALARS[kind]) });
    scalar.prop_recursive(3, 24, 4, |inner| {
        (prop::collection::vec(inner, 1..4), any::<bool>())
            .prop_map(|(columns, repeated)| Column { repeated, ..Column::record("", named(columns)) })
    })
}

/// Names that have to be escaped, each once.
fn named(columns: Vec<Column>) -> Vec<Column> {
    columns
        .into_iter()
        .enumerate()
        .map(|(place, column)| Column { name: format!("c\"{place}\u{e9}\\"), ..column })
        .collect()
}

fn schema_and_rows() -> impl Strategy<Value = (Vec<Column>, Vec<Value>)> {
    prop::collection::vec(column(), 1..5).prop_map(named).prop_flat_map(|columns| {
        let row = record(columns.clone());
        (Just(columns), prop::collection::vec(row, 0..6))
    })
}

/// A record in the shape of an extract: nulls left out.
fn record(columns: Vec<Column>) -> BoxedStrategy<Value> {
    let cells: Vec<BoxedStrategy<Value>> = columns.iter().map(cell).collect();
    let fill = move |cells: Vec<Value>| {
        let named = columns.iter().map(|column| column.name.clone()).zip(cells);
        Value::Object(named.filter(|(_, value)| !value.is_null()).collect::<Map<_, _>>())
    };
    cells.prop_map(fill).boxed()
}

fn cell(column: &Column) -> BoxedStrategy<Value> {
    let one = match column.kind.as_str() {
        "STRING" => ".*".prop_map(|text: String| json!(text)).boxed(),
        "INTEGER" => any::<i64>().prop_map(|int| json!(int.to_string())).boxed(),
        // In hundredths: the JSON reader of the test may be off by a bit in the last place of others.
        "FLOAT" => any::<i32>().prop_map(|hundredths| json!(f64::from(hundredths) / 100.0)).boxed(),
        "BOOLEAN" => any::<bool>().prop_map(|flag| json!(flag)).boxed(),
        _ => record(column.columns.clone()),
    };
    if column.repeated {
        prop::collection::vec(one, 0..4).prop_map(|values| json!(values)).boxed()
    } else {
        prop_oneof![1 => Just(Value::Null), 4 => one].boxed()
    }
}

#[test]
fn any_row_of_any_schema_comes_back() {
    let runtime = Runtime::new().unwrap();
    let (stub, client) = runtime.block_on(async {
        let stub = Stub::start().await;
        stub.page_rows(2);
        let client = bigquery(&stub);
        (stub, client)
    });
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    TestRunner::new(config)
        .run(&schema_and_rows(), |(columns, rows)| {
            put(&stub, Table::with_columns(columns, rows.clone()));
            let read = runtime.block_on(answer(&client)).map_err(|error| TestCaseError::fail(error.to_string()))?;
            prop_assert_eq!(read, rows);
            Ok(())
        })
        .unwrap();
}
