//! One element of a row's `items`.

use serde_json::{Map, Value, json};

/// Builder of one GA4 item; what is not set is left out, as an extract does with nulls.
#[derive(Clone, Debug, Default)]
pub struct Item {
    fields: Map<String, Value>,
}

impl Item {
    /// An item with an id and a name.
    #[must_use]
    pub fn new(id: &str, name: &str) -> Self {
        Self::default().id(id).name(name)
    }

    /// The filler that GA4 writes when a site sent no item: every text is `(not set)`, no price, no quantity.
    #[must_use]
    pub fn filler() -> Self {
        ["item_id", "item_name", "item_brand", "item_variant", "item_category", "coupon", "item_list_index"]
            .into_iter()
            .fold(Self::default(), |item, key| item.field(key, json!("(not set)")))
    }

    /// Sets `item_id`.
    #[must_use]
    pub fn id(self, id: &str) -> Self {
        self.field("item_id", json!(id))
    }

    /// Sets `item_name`.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.field("item_name", json!(name))
    }

    /// Sets `item_category`.
    #[must_use]
    pub fn category(self, category: &str) -> Self {
        self.field("item_category", json!(category))
    }

    /// Sets `price`, in the event's currency.
    #[must_use]
    pub fn price(self, price: f64) -> Self {
        self.field("price", json!(price))
    }

    /// Sets `price_in_usd`.
    #[must_use]
    pub fn price_in_usd(self, price: f64) -> Self {
        self.field("price_in_usd", json!(price))
    }

    /// Sets `quantity` (INT64: a text in an extract).
    #[must_use]
    pub fn quantity(self, quantity: i64) -> Self {
        self.field("quantity", json!(quantity.to_string()))
    }

    /// Sets any field, known to GA4 or not.
    #[must_use]
    pub fn field(mut self, key: &str, value: Value) -> Self {
        self.fields.insert(key.to_owned(), value);
        self
    }

    /// The item as JSON.
    #[must_use]
    pub fn build(self) -> Value {
        Value::Object(self.fields)
    }
}
