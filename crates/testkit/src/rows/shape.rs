//! The same row in the other forms it arrives in: all of them must land the same event.

use serde_json::{Map, Value, json};

/// Fields of the export's schema that are INT64, wherever they stand.
const INTS: [&str; 13] = [
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
    "unique_items",
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
    for key in ["user_id", "user_pseudo_id", "ecommerce", "batch_page_id", "batch_ordering_id", "batch_event_index"] {
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
        for key in ["item_id", "item_name", "item_category", "price", "price_in_usd", "quantity"] {
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
fn walk(value: &Value, key: Option<&str>, leaf: &dyn Fn(Option<&str>, &Value) -> Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(
            object.iter().map(|(key, value)| (key.clone(), walk(value, Some(key), leaf))).collect::<Map<_, _>>(),
        ),
        Value::Array(array) => Value::Array(array.iter().map(|value| walk(value, None, leaf)).collect()),
        leaf_value => leaf(key, leaf_value),
    }
}

#[cfg(test)]
mod tests {
    use crate::oracle::{Input, Oracle, Selection};
    use crate::rows::world;
    use serde_json::Value;

    #[test]
    fn every_shape_tells_the_same_story() {
        let all = Selection::everything();
        for seed in 0..4 {
            let world = world(seed);
            let told = |rows: &[Value]| {
                let oracle = Oracle::new(&Input::loaded(world.spec.settings.clone(), rows));
                let lists = (oracle.cart_lines(&all), oracle.search_lines(&all, true), oracle.repeat_lines(&all));
                (oracle.metrics(&all), oracle.purchase_lines(&all), lists, oracle.known_users())
            };
            let extract = told(&world.rows);
            for shape in [super::numbers, super::console] {
                let rows: Vec<Value> = world.rows.iter().map(shape).collect();
                assert_eq!(told(&rows), extract);
            }
            let array: Vec<Value> = serde_json::from_str(&super::console_array(&world.rows)).unwrap();
            assert_eq!(told(&array), extract);
        }
    }
}
