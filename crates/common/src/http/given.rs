//! Fields of a body that changes something: left out, they stay; `null`, they go; else they are replaced. Those that hold
//! secrets are written, never read, and not repeated in what is said about a wrong one.

use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error};
use serde_json::Value;

/// Stands for a secret that is stored, in answers and in bodies that leave it as it is.
pub const MASK: &str = "***";

/// What a body does to a stored value.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Given<T> {
    /// Not named: it stays as it is.
    #[default]
    Kept,
    /// `null`: it goes.
    Removed,
    /// Another value in its place.
    New(T),
}

impl<T> Given<T> {
    /// What is stored after it.
    #[must_use]
    pub fn over(self, stored: Option<T>) -> Option<T> {
        match self {
            Self::Kept => stored,
            Self::Removed => None,
            Self::New(value) => Some(value),
        }
    }

    /// The new value, where there is one.
    #[must_use]
    pub const fn new_value(&self) -> Option<&T> {
        match self {
            Self::New(value) => Some(value),
            Self::Kept | Self::Removed => None,
        }
    }
}

/// A field that may be left out, `null`, or of type `T`; to be named with `#[serde(default, deserialize_with)]`.
///
/// # Errors
/// What is there is no `T`.
pub fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Given<T>, D::Error> {
    Ok(Option::<T>::deserialize(deserializer)?.map_or(Given::Removed, Given::New))
}

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
