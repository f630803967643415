//! An event as GA4's export would have written it, so that one mapping reads both and finds the same identity.

use std::borrow::Cow;

use chrono::DateTime;
use chrono_tz::Tz;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::body::{EventBody, Item, Message, Named, Params, Scalar};
use crate::ga4::{real_text, session_id};

/// The row's JSON text; it has passed the checks. `timestamp` in microseconds since 1970; the day is that of `zone`.
///
/// # Errors
/// The time lies outside of every calendar.
pub fn export_row(
    message: &Message,
    visitor: Option<&str>,
    event: &EventBody,
    timestamp: i64,
    zone: Tz,
) -> Result<Vec<u8>, String> {
    let at = DateTime::from_timestamp_micros(timestamp).ok_or_else(|| format!("{timestamp} is no time"))?;
    let none = Params::default();
    let params = event.params.get().unwrap_or(&none);
    let name = event.name.text().unwrap_or_default();
    let row = Row {
        event_name: &name,
        event_date: at.with_timezone(&zone).format("%Y%m%d").to_string(),
        event_timestamp: timestamp,
        user_id: message.user_id.text(),
        user_pseudo_id: visitor,
        ecommerce: (name == "purchase").then(|| Ecommerce::of(params)),
        event_params: params.scalars.iter().filter_map(|(name, value)| Pair::of_param(name, value)).collect(),
        user_properties: properties(message),
        items: params.items.get().iter().flat_map(|list| &list.first).filter_map(|item| item.get()).collect(),
        geo: message.user_location.get().map(|named| Renamed(named, GEO)),
        device: message.device.get().map(|named| Renamed(named, DEVICE)),
        consent: message.consent.get(),
    };
    serde_json::to_vec(&row).map_err(|error| error.to_string())
}

/// `event_name` first: the reader then knows what it may leave unread.
#[derive(serde::Serialize)]
struct Row<'a> {
    event_name: &'a str,
    event_date: String,
    event_timestamp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_pseudo_id: Option<&'a str>,
    event_params: Vec<Pair<'a>>,
    user_properties: Vec<Pair<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ecommerce: Option<Ecommerce<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<&'a Item<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    geo: Option<Renamed<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<Renamed<'a>>,
    /// GA4's export has no place for it; kept beside the rest.
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<&'a Named<'a, Scalar<'a>>>,
}

/// A parameter or property.
#[derive(serde::Serialize)]
struct Pair<'a> {
    key: &'a str,
    value: Slots<'a>,
}

/// The typed slots, one of them filled.
#[derive(Default, serde::Serialize)]
struct Slots<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    string_value: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    int_value: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    double_value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    set_timestamp_micros: Option<&'a Scalar<'a>>,
}

impl<'a> Slots<'a> {
    /// None for what is no value.
    fn of(value: &'a Scalar<'a>) -> Option<Self> {
        let none = Self::default();
        match value {
            Scalar::Text(text) => Some(Self { string_value: Some(text), ..none }),
            Scalar::Bool(is) => Some(Self { string_value: Some(if *is { "true" } else { "false" }), ..none }),
            Scalar::Int(int) => Some(Self { int_value: Some(*int), ..none }),
            Scalar::Double(double) => Some(Self { double_value: Some(*double), ..none }),
            Scalar::Null | Scalar::Object | Scalar::Array => None,
        }
    }
}

impl<'a> Pair<'a> {
    fn of_param(name: &'a str, value: &'a Scalar<'a>) -> Option<Self> {
        let int = |value| Slots { int_value: Some(value), ..Slots::default() };
        let text = || value.text().and_then(|text| real_text(&text));
        match name {
            // As the export calls it. A filler is no session.
            "session_id" | "ga_session_id" => {
                Some(Self { key: "ga_session_id", value: int(text().and_then(|text| session_id(&text))?) })
            }
            "engagement_time_msec" => {
                let value = text().and_then(|text| text.parse().ok()).map(int).or_else(|| Slots::of(value))?;
                Some(Self { key: name, value })
            }
            _ => Some(Self { key: name, value: Slots::of(value)? }),
        }
    }
}

fn properties<'a>(message: &'a Message) -> Vec<Pair<'a>> {
    let Some(Named(entries)) = message.user_properties.get() else { return Vec::new() };
    let pair = |(name, property): &'a (Cow<'a, str>, super::body::Shape<super::body::Property<'a>>)| {
        let property = property.get()?;
        let mut value = Slots::of(&property.value)?;
        value.set_timestamp_micros = Some(&property.timestamp_micros).filter(|at| **at != Scalar::Null);
        Some(Pair { key: name, value })
    };
    entries.iter().filter_map(pair).collect()
}

/// A purchase's amounts, which the export has beside the parameters. GA4 converts to USD; we can where it is USD already.
#[derive(Default, serde::Serialize)]
struct Ecommerce<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purchase_revenue: Option<&'a Scalar<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    purchase_revenue_in_usd: Option<&'a Scalar<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_value: Option<&'a Scalar<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tax_value_in_usd: Option<&'a Scalar<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_value: Option<&'a Scalar<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    shipping_value_in_usd: Option<&'a Scalar<'a>>,
}

impl<'a> Ecommerce<'a> {
    fn of(params: &'a Params<'a>) -> Self {
        let currency = params.get("currency").and_then(Scalar::text);
        let is_usd = currency.is_some_and(|code| code.trim().eq_ignore_ascii_case("USD"));
        let [value, tax, shipping] = ["value", "tax", "shipping"].map(|name| params.get(name));
        let usd = |amount: Option<&'a Scalar<'a>>| amount.filter(|_| is_usd);
        Self {
            transaction_id: params.get("transaction_id").and_then(Scalar::text),
            purchase_revenue: value,
            purchase_revenue_in_usd: usd(value),
            tax_value: tax,
            tax_value_in_usd: usd(tax),
            shipping_value: shipping,
            shipping_value_in_usd: usd(shipping),
        }
    }
}

/// The Measurement Protocol's names, and the export's.
type Names = &'static [(&'static str, &'static str)];
const GEO: Names = &[
    ("city", "city"),
    ("region_id", "region"),
    ("country_id", "country"),
    ("subcontinent_id", "sub_continent"),
    ("continent_id", "continent"),
];
const DEVICE: Names = &[
    ("category", "category"),
    ("language", "language"),
    ("screen_resolution", "screen_resolution"),
    ("operating_system", "operating_system"),
    ("operating_system_version", "operating_system_version"),
    ("model", "mobile_model_name"),
    ("brand", "mobile_brand_name"),
    ("browser", "browser"),
    ("browser_version", "browser_version"),
];

/// An object whose known entries are written under other names.
struct Renamed<'a>(&'a Named<'a, Scalar<'a>>, Names);

impl Serialize for Renamed<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(Named(entries), names) = self;
        let mut map = serializer.serialize_map(None)?;
        for (theirs, ours) in *names {
            if let Some((_, value)) = entries.iter().find(|(name, _)| name == theirs) {
                map.serialize_entry(ours, value)?;
            }
        }
        map.end()
    }
}

impl Serialize for Named<'_, Scalar<'_>> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl Serialize for Scalar<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Int(int) => serializer.serialize_i64(*int),
            Self::Double(double) => serializer.serialize_f64(*double),
            Self::Bool(is) => serializer.serialize_bool(*is),
            Self::Null | Self::Object | Self::Array => serializer.serialize_unit(),
        }
    }
}
