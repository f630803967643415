//! A column of a table, its JSON, and what can be told of columns from rows.

use serde_json::{Value, json};

/// A column, with the columns in it when it is a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// its name
    pub name: String,
    /// `STRING`, `INTEGER`, `FLOAT`, `BOOLEAN`, `RECORD`, …
    pub kind: String,
    /// whether it holds lists
    pub repeated: bool,
    /// the columns of a record
    pub columns: Vec<Column>,
}

impl Column {
    /// A column of this type.
    #[must_use]
    pub fn new(name: &str, kind: &str) -> Self {
        Self { name: name.to_owned(), kind: kind.to_owned(), repeated: false, columns: Vec::new() }
    }

    /// A record of these columns.
    #[must_use]
    pub fn record(name: &str, columns: Vec<Self>) -> Self {
        Self { columns, ..Self::new(name, "RECORD") }
    }

    /// The same column, holding lists.
    #[must_use]
    pub fn repeated(self) -> Self {
        Self { repeated: true, ..self }
    }

    /// Columns from the JSON that `bq show --schema` prints.
    ///
    /// # Panics
    /// When it is no such JSON.
    #[must_use]
    pub fn from_schema(schema: &Value) -> Vec<Self> {
        let column = |json: &Value| Self {
            name: json["name"].as_str().expect("a column has a name").to_owned(),
            kind: json["type"].as_str().expect("a column has a type").to_owned(),
            repeated: json["mode"] == "REPEATED",
            columns: json.get("fields").map(Self::from_schema).unwrap_or_default(),
        };
        schema.as_array().expect("a schema is a list").iter().map(column).collect()
    }

    /// As a schema has it.
    pub(super) fn json(&self) -> Value {
        let mode = if self.repeated { "REPEATED" } else { "NULLABLE" };
        let mut json = json!({ "name": self.name, "type": self.kind, "mode": mode });
        if self.kind == "RECORD" {
            json["fields"] = self.columns.iter().map(Self::json).collect();
        }
        json
    }
}

/// Adds to `columns` what rows have beyond them, as BigQuery would have had to name it.
pub(super) fn widen(columns: &mut Vec<Column>, row: &Value) {
    for (name, value) in row.as_object().into_iter().flatten() {
        let place = columns.iter().position(|column| column.name == *name).unwrap_or_else(|| {
            columns.push(Column { repeated: value.is_array(), ..Column::new(name, kind(value)) });
            columns.len() - 1
        });
        let column = &mut columns[place];
        for value in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
            widen(&mut column.columns, value);
        }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Object(_) => "RECORD",
        Value::Array(values) => values.iter().find(|value| !value.is_null()).map_or("STRING", kind),
        Value::Bool(_) => "BOOLEAN",
        // An extract writes INT64 as text: what is a number in it is a double.
        Value::Number(_) => "FLOAT",
        Value::String(_) | Value::Null => "STRING",
    }
}
