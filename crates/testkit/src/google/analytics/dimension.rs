//! What a dimension's value is for one event of the export, or for one item of it.

use std::collections::HashMap;

use chrono::DateTime;
use chrono_tz::Tz;
use serde_json::Value;

/// What is written where an event has no value.
const NOT_SET: &str = "(not set)";

/// An event, with what GA4 knows of its user beyond it.
pub(super) struct Seen<'e> {
    pub(super) event: &'e Value,
    /// the user's properties as of this event
    pub(super) user: HashMap<&'e str, String>,
}

impl Seen<'_> {
    /// The value of a dimension; of an item dimension, for `item`.
    pub(super) fn dimension(&self, name: &str, zone: Tz, item: Option<&Value>) -> String {
        let or_not_set = |value: Option<String>| value.filter(|text| !text.is_empty()).unwrap_or(NOT_SET.to_owned());
        let local = |format: &str| {
            let micros = text(&self.event["event_timestamp"]).and_then(|micros| micros.parse().ok());
            let at = micros.and_then(DateTime::from_timestamp_micros);
            at.map(|at| at.with_timezone(&zone).format(format).to_string())
        };
        let of_item = |field: &str| item.and_then(|item| text(&item[field]));
        let page = || self.param("page_location");
        or_not_set(match name {
            "date" => text(&self.event["event_date"]),
            "dateHour" => local("%Y%m%d%H"),
            "dateHourMinute" => local("%Y%m%d%H%M"),
            "eventName" => text(&self.event["event_name"]),
            "pageLocation" => page(),
            "fullPageUrl" => page().map(|url| url.split_once("://").map_or(url.clone(), |(_, rest)| rest.to_owned())),
            "pagePath" => page().map(|url| path(&url).to_owned()),
            "pageTitle" => self.param("page_title"),
            "pageReferrer" => self.param("page_referrer"),
            "transactionId" => self.transaction(),
            // Where there was no search, this one is empty and not "(not set)".
            "searchTerm" => return self.param("search_term").unwrap_or_default(),
            "currencyCode" => self.param("currency"),
            "streamId" => text(&self.event["stream_id"]),
            "deviceCategory" => text(&self.event["device"]["category"]),
            "operatingSystem" => text(&self.event["device"]["operating_system"]),
            "country" => text(&self.event["geo"]["country"]),
            "city" => text(&self.event["geo"]["city"]),
            "itemId" => of_item("item_id"),
            "itemName" => of_item("item_name"),
            "itemBrand" => of_item("item_brand"),
            "itemVariant" => of_item("item_variant"),
            "itemCategory" => of_item("item_category"),
            custom => match custom.split_once(':') {
                Some(("customEvent", key)) => self.param(key),
                Some(("customUser", key)) => self.user.get(key).cloned(),
                Some(("customItem", key)) => item.and_then(|item| slot(&item["item_params"], key)),
                _ => None,
            },
        })
    }

    /// An event parameter, from whichever slot it is in.
    pub(super) fn param(&self, key: &str) -> Option<String> {
        slot(&self.event["event_params"], key)
    }

    /// The order's id as GA4's own reports have it.
    pub(super) fn transaction(&self) -> Option<String> {
        self.param("transaction_id").or_else(|| text(&self.event["ecommerce"]["transaction_id"]))
    }
}

/// The value of `key` in a list of parameters.
pub(super) fn slot(params: &Value, key: &str) -> Option<String> {
    let entry = params.as_array()?.iter().find(|entry| entry["key"] == key)?;
    ["string_value", "int_value", "double_value", "float_value"].iter().find_map(|slot| text(&entry["value"][*slot]))
}

/// A scalar's text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn path(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |slash| &rest[slash..]);
    path.split(['?', '#']).next().unwrap_or(path)
}
