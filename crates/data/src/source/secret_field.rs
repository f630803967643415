//! Fields of a body that hold secrets: written, never read, and not repeated in what is said about a wrong one.

pub use common::http::{Given, MASK, given, given_secret};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// A field like one of [`given_secret`] for a key file: the JSON object itself or its text.
///
/// # Errors
/// What is there is neither; the message does not repeat it.
pub fn given_key_file<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Given<SecretString>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(Given::Removed),
        Value::String(text) if text == MASK => Ok(Given::Kept),
        Value::String(text) => Ok(Given::New(SecretString::from(text))),
        file @ Value::Object(_) => Ok(Given::New(SecretString::from(file.to_string()))),
        _ => Err(D::Error::custom("is not a key file: give the JSON object that Google Cloud gave out, or its text")),
    }
}
