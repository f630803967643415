//! An exported row as its sender would have posted it.

use serde_json::{Map, Value, json};

/// One object of the Measurement Protocol with the row's event in it.
pub fn posted(row: &Value) -> Value {
    let name = row["event_name"].as_str().unwrap();
    let mut params = Map::new();
    for (key, value) in filled(&row["event_params"]) {
        let key = if key == "ga_session_id" { "session_id" } else { key };
        params.insert(key.into(), value);
    }
    if name == "purchase" {
        // The export's revenue is what was posted as the value.
        params.remove("value");
        for (column, param) in [("purchase_revenue", "value"), ("transaction_id", "transaction_id")] {
            match row["ecommerce"].get(column) {
                Some(value) if !value.is_null() && !params.contains_key(param) => {
                    params.insert(param.into(), value.clone())
                }
                _ => None,
            };
        }
    }
    let items = row["items"].as_array().cloned().unwrap_or_default();
    if !items.is_empty() {
        params.insert("items".into(), Value::Array(items));
    }
    let properties: Map<String, Value> =
        filled(&row["user_properties"]).map(|(key, value)| (key.to_owned(), json!({ "value": value }))).collect();
    let mut object = json!({
        "client_id": row["user_pseudo_id"],
        "events": [{"name": name, "timestamp_micros": row["event_timestamp"], "params": params}],
    });
    if !properties.is_empty() {
        object["user_properties"] = Value::Object(properties);
    }
    object
}

/// The keys of a repeated record and their values, where they have one.
fn filled(record: &Value) -> impl Iterator<Item = (&str, Value)> {
    record.as_array().into_iter().flatten().filter_map(|entry| {
        let value = ["string_value", "int_value", "double_value", "float_value"]
            .into_iter()
            .find_map(|slot| entry["value"].get(slot).filter(|value| !value.is_null()))?;
        Some((entry["key"].as_str().unwrap(), value.clone()))
    })
}
