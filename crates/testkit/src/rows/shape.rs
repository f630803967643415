//! The same row in the other forms it arrives in: all of them must land the same event.

use serde_json::{Map, Value, json};

/// Fields of the export's schema that are INT64, wherever they stand.
const INTS: [&str; 12] = [
    "event_timestamp",
    "event_previous_timestamp",
    "event_bundle_sequence_id",
    "event_server_timestamp_offset",
    "user_first_touch_timestamp",
    "batch_event_index",
    "batch_ordering_id",
    "batch_page_id",
    "int_value",
    "set_timestamp_micros",
    "quantity",
    "total_item_quantity",
];

/// As `TO_JSON_STRING` and hand-written senders have it: INT64 as JSON numbers.
#[must_use]
pub fn numbers(row: &Value) -> Value {
    walk(row, None, &|key, value| match (key, value) {
        (Some(key), Value::String(text)) if INTS.contains(&key) => {
            text.parse::<i64>().map_or(value.clone(), |int| json!(int))
        }
        _ => value.clone(),
    })
}

/// As the BigQuery console's "Save results" has it: every number a text, and nulls said out loud.
#[must_use]
pub fn console(row: &Value) -> Value {
    let mut row = walk(row, None, &|_, value| match value {
        Value::Number(number) => json!(number.to_string()),
        other => other.clone(),
    });
    spell_out_nulls(&mut row);
    row
}

/// A whole result as the console saves it: one pretty-printed array.
#[must_use]
pub fn console_array(rows: &[Value]) -> String {
    let rows: Vec<Value> = rows.iter().map(console).collect();
    format!("{:#}", Value::Array(rows))
}

/// Puts the columns back that an extract leaves out when they are null.
fn spell_out_nulls(row: &mut Value) {
    for key in [
        "user_id",
        "user_pseudo_id",
        "ecommerce",
        "batch_page_id",
        "batch_ordering_id",
        "batch_event_index",
    ] {
        null_unless_there(row, key);
    }
    for list in ["event_params", "user_properties"] {
        for entry in row[list].as_array_mut().into_iter().flatten() {
            for slot in ["string_value", "int_value", "float_value", "double_value"] {
                null_unless_there(&mut entry["value"], slot);
            }
        }
    }
    for item in row["items"].as_array_mut().into_iter().flatten() {
        for key in [
            "item_id",
            "item_name",
            "item_category",
            "price",
            "price_in_usd",
            "quantity",
        ] {
            null_unless_there(item, key);
        }
    }
}

fn null_unless_there(object: &mut Value, key: &str) {
    if let Some(object) = object.as_object_mut()
        && !object.contains_key(key)
    {
        object.insert(key.to_owned(), Value::Null);
    }
}

/// Rebuilds `value` with `leaf` applied to everything that is no list and no object, with the key it stands under.
fn walk(
    value: &Value,
    key: Option<&str>,
    leaf: &dyn Fn(Option<&str>, &Value) -> Value,
) -> Value {
    match value {
        Value::Object(object) => Value::Object(
            object
                .iter()
                .map(|(key, value)| (key.clone(), walk(value, Some(key), leaf)))
                .collect::<Map<_, _>>(),
        ),
        Value::Array(array) => Value::Array(
            array
                .iter()
                .map(|value| walk(value, None, leaf))
                .collect(),
        ),
        leaf_value => leaf(key, leaf_value),
    }
}
