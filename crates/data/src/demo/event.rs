//! An event of the demo before it is written: parameters, properties, items, money, in the export's own shapes.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

/// INT64, which an extract writes as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Int(pub i64);

impl Serialize for Int {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Text that is mostly known beforehand.
pub(super) type Text = Cow<'static, str>;

/// The typed slots of a parameter; the ones without a value are left out.
#[derive(Clone, Default, Serialize)]
pub(super) struct Slots {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<Text>,
    #[serde(skip_serializing_if = "Option::is_none")]
    int_value: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    double_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set_timestamp_micros: Option<Int>,
}

/// An element of `event_params`, `user_properties` or `item_params`.
#[derive(Clone, Serialize)]
pub(super) struct Param {
    key: &'static str,
    value: Slots,
}

impl Param {
    pub fn text(key: &'static str, text: impl Into<Text>) -> Self {
        Self { key, value: Slots { string_value: Some(text.into()), ..Slots::default() } }
    }

    pub fn int(key: &'static str, int: i64) -> Self {
        Self { key, value: Slots { int_value: Some(Int(int)), ..Slots::default() } }
    }

    pub fn double(key: &'static str, double: f64) -> Self {
        Self { key, value: Slots { double_value: Some(double), ..Slots::default() } }
    }

    /// A key with all four slots null, as GA4 exports some.
    pub fn empty(key: &'static str) -> Self {
        Self { key, value: Slots::default() }
    }

    /// The same as a user property, set at an instant in microseconds.
    pub fn set_at(mut self, micros: i64) -> Self {
        self.value.set_timestamp_micros = Some(Int(micros));
        self
    }
}

/// An element of `items`.
#[derive(Clone, Default, Serialize)]
pub(super) struct Item {
    pub item_id: Text,
    pub item_name: Text,
    pub item_brand: Text,
    pub item_variant: Text,
    pub item_category: Text,
    pub item_category2: Text,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_in_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Int>,
    pub coupon: Text,
    pub item_list_name: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub item_params: Vec<Param>,
}

/// The `ecommerce` struct.
#[derive(Clone, Default, Serialize)]
pub(super) struct Ecommerce {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_item_quantity: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_revenue_in_usd: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purchase_revenue: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tax_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_items: Option<Int>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transaction_id: Option<Text>,
}

/// `batch_page_id`, `batch_ordering_id`, `batch_event_index`.
pub(super) type Batch = [i64; 3];

/// One event of a visit.
#[derive(Clone, Default)]
pub(super) struct Event {
    pub name: &'static str,
    /// microseconds since 1970
    pub at: i64,
    pub params: Vec<Param>,
    pub properties: Vec<Param>,
    /// GA4's own `user_id`
    pub user_id: Option<String>,
    pub items: Vec<Item>,
    pub ecommerce: Option<Ecommerce>,
    /// tags of before July 2024 send none
    pub batch: Option<Batch>,
}
