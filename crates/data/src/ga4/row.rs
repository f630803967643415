//! One row of the GA4 BigQuery export, as far as the product reads it; every other field is kept as it came.
//!
//! Field names and types: the export schema (ga4.md 1.2). A REPEATED field may be missing, null or `[]`; a key of a newer
//! or older export than this code is no error.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::scalar::{Int, Number, Text};

/// One event row. Everything is optional here; what must be there is the mapping's business.
#[derive(Debug, Default)]
pub struct Ga4Row {
    pub event_date: Option<Text>,
    pub event_timestamp: Option<Int>,
    pub event_name: Option<Text>,
    pub event_params: Vec<Param>,
    pub user_properties: Vec<Param>,
    pub user_id: Option<Text>,
    pub user_pseudo_id: Option<Text>,
    pub batch_page_id: Option<Int>,
    pub batch_ordering_id: Option<Int>,
    pub batch_event_index: Option<Int>,
    pub ecommerce: Option<Map<String, Value>>,
    pub items: Vec<Map<String, Value>>,
    /// Fields that are not mapped: device, geo, traffic sources, and whatever GA4 adds next.
    pub rest: Map<String, Value>,
}

/// A key with a value in one of four typed slots.
#[derive(Debug, Deserialize)]
pub struct Param {
    #[serde(default)]
    pub key: Option<Text>,
    #[serde(default)]
    pub value: Option<ParamValue>,
}

/// The typed slots. Several may be filled in hand-made rows; the order of reading is that of the fields.
#[derive(Debug, Default, Deserialize)]
pub struct ParamValue {
    #[serde(default)]
    pub string_value: Option<Text>,
    #[serde(default)]
    pub int_value: Option<Int>,
    #[serde(default)]
    pub double_value: Option<Number>,
    #[serde(default)]
    pub float_value: Option<Number>,
}

impl ParamValue {
    /// The value as text, whichever slot it is in; a whole double reads as an integer (`123.0` as `123`).
    pub fn text(&self) -> Option<Cow<'_, str>> {
        if let Some(text) = &self.string_value {
            return Some(Cow::Borrowed(&text.0));
        }
        if let Some(int) = self.int_value {
            return Some(Cow::Owned(int.0.to_string()));
        }
        let number = self.double_value.as_ref().or(self.float_value.as_ref())?;
        Some(Cow::Borrowed(number.0.strip_suffix(".0").unwrap_or(&number.0)))
    }

    /// The value as JSON of its own type.
    pub fn json(&self) -> Option<Value> {
        if let Some(text) = &self.string_value {
            return Some(Value::String(text.0.clone()));
        }
        if let Some(int) = self.int_value {
            return Some(Value::from(int.0));
        }
        let number = self.double_value.as_ref().or(self.float_value.as_ref())?;
        number.0.parse::<f64>().ok().map(Value::from)
    }
}

/// Reads one row. `lands` tells by its name whether an event lands in a table: of one that does not, only what it says of
/// its visit is read, which is half of the work for half of an export's rows.
pub struct RowSeed<F>(pub F);

impl<'de, F: Fn(&str) -> bool> DeserializeSeed<'de> for RowSeed<F> {
    type Value = Ga4Row;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Ga4Row, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, F: Fn(&str) -> bool> Visitor<'de> for RowSeed<F> {
    type Value = Ga4Row;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a GA4 export row (a JSON object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Ga4Row, A::Error> {
        let mut row = Ga4Row::default();
        // Exporters write the name before everything that can be left out; where it comes later, nothing is.
        let mut lands = true;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            match key.as_ref() {
                "event_date" => row.event_date = named(&mut map, "event_date")?,
                "event_timestamp" => row.event_timestamp = named(&mut map, "event_timestamp")?,
                "event_name" => {
                    row.event_name = named(&mut map, "event_name")?;
                    lands = row.event_name.as_ref().is_none_or(|name| (self.0)(&name.0));
                }
                "event_params" => row.event_params = repeated(&mut map, "event_params")?,
                "user_properties" => row.user_properties = repeated(&mut map, "user_properties")?,
                "user_id" => row.user_id = named(&mut map, "user_id")?,
                "user_pseudo_id" => row.user_pseudo_id = named(&mut map, "user_pseudo_id")?,
                "batch_page_id" => row.batch_page_id = named(&mut map, "batch_page_id")?,
                "batch_ordering_id" => row.batch_ordering_id = named(&mut map, "batch_ordering_id")?,
                "batch_event_index" => row.batch_event_index = named(&mut map, "batch_event_index")?,
                "ecommerce" if lands => row.ecommerce = named(&mut map, "ecommerce")?,
                "items" if lands => row.items = repeated(&mut map, "items")?,
                _ if !lands => {
                    map.next_value::<IgnoredAny>()?;
                }
                _ => {
                    let value = map.next_value()?;
                    row.rest.insert(key.into_owned(), value);
                }
            }
        }
        Ok(row)
    }
}

/// A field's value; an error names the field.
fn named<'de, A: MapAccess<'de>, T: Deserialize<'de>>(map: &mut A, field: &str) -> Result<Option<T>, A::Error> {
    map.next_value().map_err(|e| serde::de::Error::custom(format!("{field}: {e}")))
}

fn repeated<'de, A: MapAccess<'de>, T: Deserialize<'de>>(map: &mut A, field: &str) -> Result<Vec<T>, A::Error> {
    Ok(named::<A, Vec<T>>(map, field)?.unwrap_or_default())
}
