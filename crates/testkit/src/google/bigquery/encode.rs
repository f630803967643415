//! Rows of an extract as BigQuery's REST answers have them: by position, every scalar a text.

use serde_json::{Value, json};

use super::Column;

/// `{"f": [{"v": …}, …]}`
///
/// # Panics
/// When a value does not fit its column: the test's row and schema contradict each other.
pub(super) fn row(columns: &[Column], row: &Value) -> Value {
    json!({ "f": columns.iter().map(|column| cell(column, &row[&column.name])).collect::<Vec<_>>() })
}

fn cell(column: &Column, value: &Value) -> Value {
    let value = match (column.repeated, value) {
        (true, Value::Null) => json!([]),
        (true, Value::Array(values)) => {
            values.iter().map(|value| json!({ "v": one(column, value) })).collect::<Vec<_>>().into()
        }
        (true, other) => panic!("{} holds lists, and {other} is none", column.name),
        (false, value) => one(column, value),
    };
    json!({ "v": value })
}

fn one(column: &Column, value: &Value) -> Value {
    match (column.kind.as_str(), value) {
        (_, Value::Null) => Value::Null,
        ("RECORD", Value::Object(_)) => row(&column.columns, value),
        ("INTEGER", value) => {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert!(text.parse::<i64>().is_ok(), "{} is INT64, and {value} is none", column.name);
            json!(text)
        }
        ("FLOAT", Value::Number(number)) => json!(number.to_string()),
        ("BOOLEAN", Value::Bool(flag)) => json!(flag.to_string()),
        ("RECORD" | "FLOAT" | "BOOLEAN", other) => panic!("{} is {}, and {other} is none", column.name, column.kind),
        (_, Value::String(text)) => json!(text),
        (kind, other) => panic!("{} is {kind}, and {other} is no text", column.name),
    }
}
