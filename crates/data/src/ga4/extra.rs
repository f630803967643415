//! What is not mapped, kept as compact JSON so that nothing of a row is lost.

use serde_json::{Map, Value};

use super::row::Param;
use super::value::storable;

/// The value without nulls, empty objects and empty arrays, and without NUL characters; none when nothing is left.
/// Exporters differ in whether they write nulls at all: without them their rows compare equal.
pub fn compact(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(Value::String(if text.contains('\0') { storable(&text) } else { text })),
        Value::Array(values) => {
            let values: Vec<Value> = values.into_iter().filter_map(compact).collect();
            (!values.is_empty()).then_some(Value::Array(values))
        }
        Value::Object(fields) => {
            let fields = compact_fields(fields);
            (!fields.is_empty()).then_some(Value::Object(fields))
        }
        other => Some(other),
    }
}

fn compact_fields(fields: Map<String, Value>) -> Map<String, Value> {
    fields.into_iter().filter_map(|(key, value)| Some((storable(&key), compact(value)?))).collect()
}

/// Collects what the mapping left over.
#[derive(Debug, Default)]
pub struct Extra(Map<String, Value>);

impl Extra {
    /// Adds the fields of a row that have no column.
    pub fn fields(&mut self, fields: Map<String, Value>) {
        self.0.extend(compact_fields(fields));
    }

    /// Adds one struct under its name.
    pub fn object(&mut self, name: &str, fields: Map<String, Value>) {
        let fields = compact_fields(fields);
        if !fields.is_empty() {
            self.0.insert(name.to_owned(), Value::Object(fields));
        }
    }

    /// Adds the parameters whose key is not in `mapped`, as one object of key and typed value.
    pub fn params(&mut self, name: &str, params: &[Param], mapped: &[&str]) {
        let mut fields = Map::new();
        for param in params {
            let (Some(key), Some(value)) = (&param.key, &param.value) else { continue };
            if mapped.contains(&key.0.as_str()) {
                continue;
            }
            if let Some(json) = value.json() {
                fields.insert(key.0.clone(), json);
            }
        }
        self.object(name, fields);
    }

    /// The JSON text; none when nothing was left over.
    pub fn into_text(self) -> Option<String> {
        (!self.0.is_empty()).then(|| Value::Object(self.0).to_string())
    }
}
