//! What all events of an object share: the visitor, the user and their properties, where and on what.

use super::super::body::{Message, Named, Property, Scalar, Shape};
use super::super::faults::{Faults, shown};
use super::super::limits::EventLimits;
use super::super::names;
use super::Behavior;
use super::time::instant;
use super::value::{repeated, scalar};
use crate::ga4::real_text;

/// Longest id of a visitor or user, in characters: Google's for `user_id`.
const LONGEST_ID: u32 = 256;

/// Fields of `user_location`, `device` and `consent` that are taken; Google names nine at most. All of an object's events
/// keep them.
const MOST_DETAILS: usize = 25;

/// Judges what all events of an object share.
pub fn object(message: &Message, limits: &EventLimits, faults: &mut Faults) -> Behavior {
    let Message {
        client_id,
        app_instance_id,
        user_id,
        timestamp_micros: _,
        user_properties,
        user_location,
        device,
        consent,
        validation_behavior,
        events: _,
    } = message;
    if *client_id == Scalar::Null && *app_instance_id == Scalar::Null {
        faults.add("client_id", "is missing: it (or app_instance_id) says who the visitor is");
    }
    id("client_id", client_id, faults);
    id("app_instance_id", app_instance_id, faults);
    id("user_id", user_id, faults);
    properties(user_properties, limits, faults);
    for (field, shape) in [("user_location", user_location), ("device", device), ("consent", consent)] {
        details(field, shape, limits, faults);
    }
    match validation_behavior {
        Scalar::Null => Behavior::Relaxed,
        Scalar::Text(text) if text == "RELAXED" => Behavior::Relaxed,
        Scalar::Text(text) if text == "ENFORCE_RECOMMENDATIONS" => Behavior::EnforceRecommendations,
        _ => {
            faults.add("validation_behavior", "is neither RELAXED nor ENFORCE_RECOMMENDATIONS");
            Behavior::Relaxed
        }
    }
}

/// Who the object is of: the browser's id, else the app's.
pub fn visitor(message: &Message) -> Option<String> {
    [&message.client_id, &message.app_instance_id].into_iter().filter_map(Scalar::text).find_map(|t| real_text(&t))
}

/// A number loses digits of an id like `1095824389.1697041234` before anybody can read them.
fn id(field: &str, value: &Scalar, faults: &mut Faults) {
    match value {
        Scalar::Null | Scalar::Int(_) => {}
        Scalar::Text(text) => {
            if let Some(count) = names::longer_than(text, LONGEST_ID) {
                faults.add(field, format!("has {count} characters; {LONGEST_ID} are taken"));
            } else if field != "user_id" && real_text(text).is_none() {
                faults.add(field, "is empty, or a text that stands for no value");
            }
        }
        other => faults.add(field, format!("is {}; an id is a text", other.kind())),
    }
}

fn properties(shape: &Shape<Named<Shape<Property>>>, limits: &EventLimits, faults: &mut Faults) {
    let Named(entries) = match shape {
        Shape::Is(named) => named,
        Shape::Not(kind) => return faults.add("user_properties", format!("is {kind}, not an object")),
        Shape::Absent => return,
    };
    if entries.len() > limits.max_user_properties as usize {
        faults.add(
            "user_properties",
            format!("holds {} properties; {} are taken", entries.len(), limits.max_user_properties),
        );
    }
    repeated(entries.iter().map(|(name, _)| name), "user_properties", faults);
    for (name, property) in entries {
        let path = || format!("user_properties.{}", shown(name));
        if let Some(fault) = names::property_fault(name, limits.max_user_property_name_length) {
            faults.add(path(), fault);
        }
        match property {
            Shape::Is(Property { value, timestamp_micros }) => {
                scalar(&|| format!("{}.value", path()), value, limits.max_user_property_value_length, faults);
                if let Err(fault) = instant(timestamp_micros) {
                    faults.add(format!("{}.timestamp_micros", path()), fault);
                }
            }
            Shape::Not(kind) => faults.add(path(), format!("is {kind}, not an object with a `value`")),
            Shape::Absent => {}
        }
    }
}

fn details(field: &str, shape: &Shape<Named<Scalar>>, limits: &EventLimits, faults: &mut Faults) {
    match shape {
        Shape::Is(Named(entries)) if entries.len() > MOST_DETAILS => {
            faults.add(field, format!("holds {} fields; {MOST_DETAILS} are taken", entries.len()));
        }
        Shape::Is(Named(entries)) => {
            for (name, value) in entries {
                scalar(&|| format!("{field}.{}", shown(name)), value, limits.max_value_length, faults);
            }
        }
        Shape::Not(kind) => faults.add(field, format!("is {kind}, not an object")),
        Shape::Absent => {}
    }
}
