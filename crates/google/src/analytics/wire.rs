//! Numbers of the Data API, which come as JSON numbers or, where they have 64 bits, as texts.

use serde::{Deserialize, Deserializer, de::Error};

#[derive(Deserialize)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Text(String),
}

/// An integer in either form.
pub(super) fn int<'de, D: Deserializer<'de>>(value: D) -> Result<i64, D::Error> {
    match Either::deserialize(value)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(|_| D::Error::custom("a text that is no integer")),
    }
}
