//! Reads the body: one object, or an array of them.

use std::fmt;

use common::http::FieldError;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::message::{MOST_EVENTS, Message};
use super::value::{List, Shape};

/// Events of one body that are taken; so no more objects than that, for each has an event at least.
const MOST_IN_ALL: usize = 1000;

/// Why a body is none: it can be judged only as a whole, for its events have no place in it.
#[derive(Debug)]
pub enum Unreadable {
    /// No JSON. The reason.
    Malformed(String),
    /// JSON, but not this. All of it at once.
    Invalid(Vec<FieldError>),
}

enum Body<'a> {
    One(Box<Message<'a>>),
    Many(List<Shape<Message<'a>>, MOST_IN_ALL>),
    Other(&'static str),
}

struct BodyVisitor;

impl<'de> Visitor<'de> for BodyVisitor {
    type Value = Body<'de>;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a Measurement Protocol object or an array of them")
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Message::deserialize(MapAccessDeserializer::new(map)).map(|one| Body::One(Box::new(one)))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        List::deserialize(SeqAccessDeserializer::new(seq)).map(Body::Many)
    }
    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Body::Other("null"))
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Body::Other("true or false"))
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Body::Other("a number"))
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Body::Other("a number"))
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Body::Other("a number"))
    }
    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(Body::Other("a text"))
    }
}

impl<'de> Deserialize<'de> for Body<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(BodyVisitor)
    }
}

/// The body's objects in their order, each with the path of its place (`` or `[2].`) and at least one event.
///
/// # Errors
/// It is no JSON, no such objects, or holds more events than are taken.
pub fn read(body: &[u8]) -> Result<Vec<(String, Message<'_>)>, Unreadable> {
    let body: Body = serde_json::from_slice(body)
        .map_err(|error| Unreadable::Malformed(format!("The body is no Measurement Protocol object: {error}.")))?;
    let mut faults = Vec::new();
    let messages = match body {
        Body::One(message) => vec![(String::new(), *message)],
        Body::Other(kind) => {
            faults.push(FieldError::new(
                "body",
                format!("is {kind}, not a Measurement Protocol object or an array of them"),
            ));
            Vec::new()
        }
        Body::Many(List { total: 0, .. }) => {
            faults.push(FieldError::new("body", "is an empty array: it holds no events"));
            Vec::new()
        }
        Body::Many(List { total, .. }) if total > MOST_IN_ALL => {
            faults.push(too_many(total, "objects"));
            Vec::new()
        }
        Body::Many(list) => {
            let place = |(n, shape)| match shape {
                Shape::Is(message) => Some((format!("[{n}]."), message)),
                Shape::Not(kind) => {
                    faults.push(not_an_object(n, kind));
                    None
                }
                Shape::Absent => {
                    faults.push(not_an_object(n, "null"));
                    None
                }
            };
            list.first.into_iter().enumerate().filter_map(place).collect()
        }
    };
    let mut total = 0;
    for (place, message) in &messages {
        match &message.events {
            Shape::Is(events) if events.total == 0 => {
                faults.push(FieldError::new(format!("{place}events"), "is empty: an object holds at least one event"));
            }
            Shape::Is(events) => {
                total += events.total;
                if events.total > MOST_EVENTS {
                    faults.push(FieldError::new(
                        format!("{place}events"),
                        format!("holds {} events; one object may hold {MOST_EVENTS}", events.total),
                    ));
                }
            }
            Shape::Not(kind) => {
                faults.push(FieldError::new(format!("{place}events"), format!("is {kind}, not an array of events")));
            }
            Shape::Absent => faults.push(FieldError::new(format!("{place}events"), "is missing")),
        }
    }
    if total > MOST_IN_ALL {
        faults.push(too_many(total, "events"));
    }
    if faults.is_empty() { Ok(messages) } else { Err(Unreadable::Invalid(faults)) }
}

fn too_many(total: usize, of: &str) -> FieldError {
    FieldError::new("body", format!("holds {total} {of}; one body may hold {MOST_IN_ALL} events"))
}

fn not_an_object(n: usize, kind: &str) -> FieldError {
    FieldError::new(format!("[{n}]"), format!("is {kind}, not a Measurement Protocol object"))
}
