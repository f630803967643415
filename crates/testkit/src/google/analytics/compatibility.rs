//! checkCompatibility: what can be added to a set of fields that goes together.

use serde_json::{Value, json};

use super::Property;
use super::ask::{agree, known, names};
use super::fields::{WIRE_DIMENSIONS, WIRE_METRICS};
use crate::google::literals::Answer;

/// Refused, as a report would be, when the set itself does not go together.
pub(in crate::google) fn compatibility(property: &Property, body: &Value) -> Answer {
    let (dimensions, metrics) = (names(&body["dimensions"]), names(&body["metrics"]));
    known(property, &dimensions, &metrics)?;
    agree(property, &dimensions, &metrics)?;
    let wanted = body["compatibilityFilter"].as_str();
    let judge = |name: &str| match property.quarrels(name, dimensions.iter().chain(&metrics)) {
        Some(_) => "INCOMPATIBLE",
        None => "COMPATIBLE",
    };
    let asked_for = |entry: &Value| wanted.is_none_or(|wanted| entry["compatibility"] == wanted);
    let all_dimensions =
        WIRE_DIMENSIONS.iter().map(|(name, _)| *name).chain(property.custom.iter().map(String::as_str));
    let of_dimensions: Vec<Value> = all_dimensions
        .map(|name| json!({ "dimensionMetadata": { "apiName": name, "uiName": name }, "compatibility": judge(name) }))
        .filter(asked_for)
        .collect();
    let of_metrics: Vec<Value> = WIRE_METRICS
        .iter()
        .map(
            |(name, ..)| json!({ "metricMetadata": { "apiName": name, "uiName": name }, "compatibility": judge(name) }),
        )
        .filter(asked_for)
        .collect();
    let mut answer = json!({});
    if !of_dimensions.is_empty() {
        answer["dimensionCompatibilities"] = of_dimensions.into();
    }
    if !of_metrics.is_empty() {
        answer["metricCompatibilities"] = of_metrics.into();
    }
    Ok(answer)
}
