//! The body as the API's document describes it; reading it is more patient than this (see `message`).

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// One Measurement Protocol object, or an array of them with at most 1,000 events in all.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum MeasurementBody {
    One(Box<MeasurementMessage>),
    Many(Vec<MeasurementMessage>),
}

/// A GA4 Measurement Protocol object. Other fields of Google's are left unread.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasurementMessage {
    /// The visitor: becomes `user_pseudo_id`. Needed unless there is an `app_instance_id`.
    pub client_id: Option<String>,
    /// The visitor, from apps.
    pub app_instance_id: Option<String>,
    /// The known user.
    pub user_id: Option<String>,
    /// When it happened, in microseconds since 1970, as a number or a text; without it, now.
    pub timestamp_micros: Option<i64>,
    /// `{"name": {"value": …, "timestamp_micros": …}}`
    pub user_properties: Option<BTreeMap<String, UserProperty>>,
    /// `city`, `region_id`, `country_id`, `subcontinent_id`, `continent_id`
    #[schema(value_type = Option<Object>)]
    pub user_location: Option<Value>,
    /// `category`, `language`, `operating_system`, `model`, `brand`, `browser`, …
    #[schema(value_type = Option<Object>)]
    pub device: Option<Value>,
    #[schema(value_type = Option<Object>)]
    pub consent: Option<Value>,
    /// `RELAXED` (default) or `ENFORCE_RECOMMENDATIONS`: also asks for a currency beside a value, a purchase's
    /// transaction_id, and an id or a name of each item.
    pub validation_behavior: Option<String>,
    #[schema(min_items = 1, max_items = 25)]
    pub events: Vec<MeasurementEvent>,
}

/// A user property's value.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserProperty {
    /// A text or a number.
    pub value: Value,
    pub timestamp_micros: Option<i64>,
}

/// An event.
#[derive(Debug, Serialize, ToSchema)]
pub struct MeasurementEvent {
    #[schema(example = "page_view")]
    pub name: String,
    /// Texts and numbers by name, and `items`, an array of objects. `session_id` names the visit, `event_id` the event:
    /// sent again with the same one, it is the same event.
    #[schema(value_type = Option<Object>)]
    pub params: Option<Value>,
    /// Overrides the object's.
    pub timestamp_micros: Option<i64>,
}
