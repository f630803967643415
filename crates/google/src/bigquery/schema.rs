//! The fields of a table or of a query's answer.

use serde::{Deserialize, Deserializer};

/// One field, with the fields in it when it is a record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Field {
    /// its name, as the table spells it
    pub name: String,
    /// what its values are
    #[serde(rename = "type")]
    pub kind: FieldKind,
    /// whether it holds a list of such values
    #[serde(rename = "mode", default, deserialize_with = "is_repeated")]
    pub repeated: bool,
    /// the fields of a record; empty for all else
    #[serde(default)]
    pub fields: Vec<Field>,
}

/// What a field's values are, as far as writing them as JSON tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum FieldKind {
    /// `INTEGER`, `INT64`
    #[serde(rename = "INTEGER", alias = "INT64")]
    Int,
    /// `FLOAT`, `FLOAT64`
    #[serde(rename = "FLOAT", alias = "FLOAT64")]
    Float,
    /// `BOOLEAN`, `BOOL`
    #[serde(rename = "BOOLEAN", alias = "BOOL")]
    Bool,
    /// `TIMESTAMP`
    #[serde(rename = "TIMESTAMP")]
    Timestamp,
    /// `RECORD`, `STRUCT`
    #[serde(rename = "RECORD", alias = "STRUCT")]
    Record,
    /// `STRING`, and all that an extract writes as text: `NUMERIC`, `DATE`, `BYTES`, `JSON`, …
    #[serde(other)]
    Text,
}

/// `{"fields": […]}`
#[derive(Deserialize)]
pub(super) struct Schema {
    #[serde(default)]
    pub(super) fields: Vec<Field>,
}

fn is_repeated<'de, D: Deserializer<'de>>(mode: D) -> Result<bool, D::Error> {
    Ok(Option::<String>::deserialize(mode)?.is_some_and(|mode| mode == "REPEATED"))
}
