//! What the lines of all lists have in common: where they come from, the customer, and whether somebody did them.

use chrono::{DateTime, NaiveDate, Utc};
use common::ids::AccountId;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;
use uuid::Uuid;

use super::sort::{Kind, SortField};

/// The head of every line. The customer's fields are null for a visitor who is not known, and but for `user_id` also for
/// a user that no import of users named.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct LineHead {
    /// Stable: the same after its data are loaded again.
    line_id: Uuid,
    /// GA4's session id. Two visitors may have the same.
    #[schema(example = "1761955200")]
    session_id: Option<String>,
    /// The visitor: GA4's name of the device.
    user_pseudo_id: Option<String>,
    /// The visit's branch.
    pub(crate) location_id: Option<String>,
    /// The day of the line's latest event.
    event_date: NaiveDate,
    pub(crate) user_id: Option<String>,
    /// The buying company.
    pub(crate) customer_name: Option<String>,
    pub(crate) email: Option<String>,
    /// The cell phone.
    pub(crate) phone: Option<String>,
    pub(crate) office_phone: Option<String>,
    pub(crate) completed: bool,
    /// Who completed it.
    completed_by: Option<AccountId>,
    completed_at: Option<DateTime<Utc>>,
}

/// The head's fields that lists sort by.
pub(super) const HEAD_FIELDS: [SortField; 11] = [
    ("line_id", Kind::Id),
    ("session_id", Kind::Text),
    ("user_pseudo_id", Kind::Text),
    ("location_id", Kind::Text),
    ("event_date", Kind::Day),
    ("completed", Kind::Flag),
    ("user_id", Kind::Text),
    ("customer_name", Kind::Text),
    ("email", Kind::Text),
    ("phone", Kind::Text),
    ("office_phone", Kind::Text),
];

/// An item of a purchase or a cart.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ProductView {
    pub(crate) item_id: Option<String>,
    pub(crate) item_name: Option<String>,
    item_category: Option<String>,
    /// Null when GA4 did not say.
    #[schema(value_type = Option<f64>)]
    pub(crate) price: Option<Number>,
    /// 1 when GA4 did not say.
    #[serde(default = "one", deserialize_with = "one_if_null")]
    #[schema(value_type = f64)]
    pub(crate) quantity: Number,
}

fn one() -> Number {
    Number::from(1)
}

fn one_if_null<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Number, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_else(one))
}

/// A list that the database says nothing about is empty.
pub(super) fn empty_if_null<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
