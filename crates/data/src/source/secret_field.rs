//! Fields of a body that hold secrets: written, never read, and not repeated in what is said about a wrong one.

pub use common::http::{Given, given};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// Stands for a secret that is stored, in answers and in bodies that leave it as it is.
pub const MASK: &str = "***";

/// A field like one of [`given`] for a secret text, of which [`MASK`] keeps what is stored.
///
/// # Errors
/// What is there is no text; the message does not repeat it.
pub fn given_secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Given<SecretString>, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(Given::Removed),
        Value::String(text) if text == MASK => Ok(Given::Kept),
        Value::String(text) => Ok(Given::New(SecretString::from(text))),
        _ => Err(D::Error::custom("is not a text")),
    }
}

/// The same for a key file: the JSON object itself or its text.
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
