//! The builder of one exported event.

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

use super::{Item, local_day, micros};

/// One of the four typed slots that a parameter's value can arrive in, or none of them.
#[derive(Clone, Debug, PartialEq)]
pub enum Slot {
    /// `string_value`
    Text(String),
    /// `int_value`, written as text like every INT64 of an extract
    Int(i64),
    /// `float_value`, which Google does not use and other senders do
    Float(f64),
    /// `double_value`
    Double(f64),
    /// the key is there and all four slots are null: `"value": {}`
    Empty,
}

impl Slot {
    /// The value struct as JSON.
    #[must_use]
    pub fn build(&self) -> Value {
        match self {
            Self::Text(text) => json!({ "string_value": text }),
            Self::Int(int) => json!({ "int_value": int.to_string() }),
            Self::Float(float) => json!({ "float_value": float }),
            Self::Double(double) => json!({ "double_value": double }),
            Self::Empty => json!({}),
        }
    }
}

impl From<&str> for Slot {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Slot {
    fn from(int: i64) -> Self {
        Self::Int(int)
    }
}

impl From<f64> for Slot {
    fn from(double: f64) -> Self {
        Self::Double(double)
    }
}

/// Builder of one row of `events_YYYYMMDD`.
#[derive(Clone, Debug)]
pub struct Event {
    fields: Map<String, Value>,
    params: Vec<Value>,
    properties: Vec<Value>,
    items: Vec<Value>,
    ecommerce: Map<String, Value>,
}

impl Event {
    /// An event of `name` on the day `date` at `timestamp` microseconds since 1970; day and time may contradict.
    #[must_use]
    pub fn new(name: &str, date: NaiveDate, timestamp: i64) -> Self {
        let mut fields = Map::new();
        fields.insert("event_date".into(), json!(date.format("%Y%m%d").to_string()));
        fields.insert("event_timestamp".into(), json!(timestamp.to_string()));
        fields.insert("event_name".into(), json!(name));
        Self { fields, params: Vec::new(), properties: Vec::new(), items: Vec::new(), ecommerce: Map::new() }
    }

    /// An event at the local wall-clock time `YYYY-MM-DD HH:MM:SS` in `zone`, `event_date` to match.
    #[must_use]
    pub fn at(name: &str, zone: Tz, local: &str) -> Self {
        let timestamp = micros(zone, local);
        Self::new(name, local_day(zone, timestamp), timestamp)
    }

    /// Sets `user_pseudo_id` and the parameter `ga_session_id`: the two that make a visit.
    #[must_use]
    pub fn visit(self, pseudo_id: &str, session_id: i64) -> Self {
        self.pseudo_id(pseudo_id).session(session_id)
    }

    /// Sets `user_pseudo_id`.
    #[must_use]
    pub fn pseudo_id(self, pseudo_id: &str) -> Self {
        self.field("user_pseudo_id", json!(pseudo_id))
    }

    /// Sets the parameter `ga_session_id` as the INT it always is in Google's own tags.
    #[must_use]
    pub fn session(self, session_id: i64) -> Self {
        self.param("ga_session_id", session_id)
    }

    /// Sets `ga_session_id` as the cookie text that server-side senders leave in it: `s<id>$o5$g1$t<id>$j36$l0$h0`.
    #[must_use]
    pub fn session_cookie(self, session_id: i64) -> Self {
        let cookie = format!("s{session_id}$o5$g1$t{}$j36$l0$h0", session_id + 1506);
        self.param("ga_session_id", cookie.as_str())
    }

    /// Adds an event parameter.
    #[must_use]
    pub fn param(mut self, key: &str, value: impl Into<Slot>) -> Self {
        self.params.push(json!({ "key": key, "value": value.into().build() }));
        self
    }

    /// Adds a user property, with the `set_timestamp_micros` that GA4 puts beside its value.
    #[must_use]
    pub fn property(mut self, key: &str, value: impl Into<Slot>) -> Self {
        let mut slots = value.into().build();
        slots["set_timestamp_micros"] = self.fields["event_timestamp"].clone();
        self.properties.push(json!({ "key": key, "value": slots }));
        self
    }

    /// Sets GA4's own `user_id`.
    #[must_use]
    pub fn user_id(self, user_id: &str) -> Self {
        self.field("user_id", json!(user_id))
    }

    /// Sets the parameters `page_location` and, beside it, `page_title`.
    #[must_use]
    pub fn page(self, location: &str) -> Self {
        let title = format!("Title of {location}");
        self.param("page_location", location).param("page_title", title.as_str())
    }

    /// Adds an item.
    #[must_use]
    pub fn item(mut self, item: Item) -> Self {
        self.items.push(item.build());
        self
    }

    /// Sets a field of the `ecommerce` struct.
    #[must_use]
    pub fn ecommerce(mut self, key: &str, value: Value) -> Self {
        self.ecommerce.insert(key.to_owned(), value);
        self
    }

    /// Sets `ecommerce.purchase_revenue`, in the event's currency.
    #[must_use]
    pub fn revenue(self, amount: f64) -> Self {
        self.ecommerce("purchase_revenue", json!(amount))
    }

    /// Sets `ecommerce.purchase_revenue_in_usd`.
    #[must_use]
    pub fn revenue_in_usd(self, amount: f64) -> Self {
        self.ecommerce("purchase_revenue_in_usd", json!(amount))
    }

    /// Sets the parameter `transaction_id`.
    #[must_use]
    pub fn transaction(self, id: impl Into<Slot>) -> Self {
        self.param("transaction_id", id)
    }

    /// Sets the parameter `currency`.
    #[must_use]
    pub fn currency(self, code: &str) -> Self {
        self.param("currency", code)
    }

    /// Sets the three `batch_*` fields, each left out when `None`: they break ties of the timestamp.
    #[must_use]
    pub fn batch(self, page: Option<i64>, ordering: Option<i64>, index: Option<i64>) -> Self {
        [("batch_page_id", page), ("batch_ordering_id", ordering), ("batch_event_index", index)].into_iter().fold(
            self,
            |event, (key, value)| match value {
                Some(value) => event.field(key, json!(value.to_string())),
                None => event,
            },
        )
    }

    /// Sets any top-level field, known to GA4 or not.
    #[must_use]
    pub fn field(mut self, key: &str, value: Value) -> Self {
        self.fields.insert(key.to_owned(), value);
        self
    }

    /// Takes a top-level field away.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.fields.remove(key);
        self
    }

    /// The row as JSON. `items` and `user_properties` are `[]` and `ecommerce` is left out when nothing was set.
    #[must_use]
    pub fn build(self) -> Value {
        let Self { mut fields, params, properties, items, ecommerce } = self;
        fields.insert("event_params".into(), Value::Array(params));
        fields.insert("user_properties".into(), Value::Array(properties));
        fields.insert("items".into(), Value::Array(items));
        if !ecommerce.is_empty() {
            fields.insert("ecommerce".into(), Value::Object(ecommerce));
        }
        Value::Object(fields)
    }
}
