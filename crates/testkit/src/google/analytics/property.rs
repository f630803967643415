//! A property as a test sets it up.

use std::sync::Arc;

use chrono_tz::Tz;
use serde_json::{Value, json};

use super::ask::ReportAsk;
use super::fields::{WIRE_DIMENSIONS, WIRE_METRICS, go_together};
use super::report::Reported;
use crate::google::literals::Answer;
use crate::google::server::FakeGoogle;

pub(super) type Make = Arc<dyn Fn(&ReportAsk) -> Reported + Send + Sync>;

/// A property: its zone and currency, what its owner registered, and where its reports come from.
pub struct Property {
    pub(super) zone: Tz,
    pub(super) currency: String,
    pub(super) custom: Vec<String>,
    pub(super) source: Source,
    pub(super) incompatible: Vec<(String, String)>,
    pub(super) metadata: Value,
    pub(super) quota: Value,
    pub(super) most_rows: Option<usize>,
}

pub(super) enum Source {
    /// reports are counted from these export rows
    Events(Vec<Value>),
    /// the test makes them
    Made(Make),
}

impl Property {
    /// A property whose reports are counted from export rows.
    #[must_use]
    pub fn of_events(zone: Tz, rows: Vec<Value>) -> Self {
        Self::new(zone, Source::Events(rows))
    }

    /// A property whose reports are made by `report`, once the request is found to be one that Google takes.
    #[must_use]
    pub fn made(zone: Tz, report: impl Fn(&ReportAsk) -> Reported + Send + Sync + 'static) -> Self {
        Self::new(zone, Source::Made(Arc::new(report)))
    }

    fn new(zone: Tz, source: Source) -> Self {
        let status = |remaining: i64| json!({ "consumed": 1, "remaining": remaining });
        Self {
            zone,
            currency: String::from("USD"),
            custom: Vec::new(),
            source,
            incompatible: Vec::new(),
            metadata: json!({}),
            quota: json!({
                "tokensPerDay": status(199_999),
                "tokensPerHour": status(39_999),
                "tokensPerProjectPerHour": status(13_999),
                "concurrentRequests": { "consumed": 0, "remaining": 10 },
                "serverErrorsPerProjectPerHour": { "consumed": 0, "remaining": 10 },
                "potentiallyThresholdedRequestsPerHour": { "consumed": 0, "remaining": 120 },
            }),
            most_rows: None,
        }
    }

    /// The currency of its amounts; USD unless set.
    #[must_use]
    pub fn currency(self, code: &str) -> Self {
        Self { currency: code.to_owned(), ..self }
    }

    /// Registers a dimension: `customEvent:…`, `customUser:…`, `customItem:…`.
    #[must_use]
    pub fn register(mut self, api_name: &str) -> Self {
        self.custom.push(api_name.to_owned());
        self
    }

    /// Two fields that do not go together, beyond Google's known rules.
    #[must_use]
    pub fn incompatible(mut self, one: &str, other: &str) -> Self {
        self.incompatible.push((one.to_owned(), other.to_owned()));
        self
    }

    /// Something more in the `metadata` of each report: `subjectToThresholding`, `samplingMetadatas`, `emptyReason`, …
    #[must_use]
    pub fn flag(mut self, name: &str, value: Value) -> Self {
        self.metadata[name] = value;
        self
    }

    /// What is left of an allowance, as each report says it.
    #[must_use]
    pub fn quota(mut self, name: &str, remaining: i64) -> Self {
        self.quota[name]["remaining"] = json!(remaining);
        self
    }

    /// Rows beyond this many are folded into `(other)`.
    #[must_use]
    pub fn most_rows(self, rows: usize) -> Self {
        Self { most_rows: Some(rows), ..self }
    }

    pub(super) fn knows_dimension(&self, name: &str) -> bool {
        WIRE_DIMENSIONS.iter().any(|(known, _)| *known == name) || self.custom.iter().any(|known| known == name)
    }

    pub(super) fn knows_metric(name: &str) -> bool {
        WIRE_METRICS.iter().any(|(known, ..)| *known == name)
    }

    /// The first of `fields` that `name` does not go with.
    pub(super) fn quarrels<'f>(&self, name: &str, mut fields: impl Iterator<Item = &'f String>) -> Option<&'f String> {
        fields.find(|other| {
            let ordered = self
                .incompatible
                .iter()
                .any(|(one, two)| (one == name && two == *other) || (two == name && one == *other));
            ordered || !go_together(name, other)
        })
    }
}

impl FakeGoogle {
    /// Puts a property there, in place of one of its number.
    pub fn put_property(&self, id: &str, property: Property) {
        self.known().properties.insert(id.to_owned(), Arc::new(property));
    }
}

/// The property's fields. `customDefinition` is left out when it is false, as Google does.
pub(in crate::google) fn metadata(property: &Property) -> Answer {
    let standard = WIRE_DIMENSIONS.iter().map(
        |(name, ui)| json!({ "apiName": name, "uiName": ui, "description": format!("{ui}."), "category": "Event" }),
    );
    let custom = property.custom.iter().map(|name| {
        let ui = name.split_once(':').map_or(name.as_str(), |(_, ui)| ui);
        json!({ "apiName": name, "uiName": ui, "customDefinition": true, "category": "Custom" })
    });
    let metrics = WIRE_METRICS.iter().map(|(name, ui, kind)| {
        json!({ "apiName": name, "uiName": ui, "description": format!("{ui}."), "type": kind, "category": "Event" })
    });
    Ok(json!({
        "dimensions": standard.chain(custom).collect::<Vec<_>>(),
        "metrics": metrics.collect::<Vec<_>>(),
        "name": "properties/1/metadata",
    }))
}
