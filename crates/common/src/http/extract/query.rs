//! Query parameters: 422 with every one that is wrong; unknown ones are ignored.

use axum::{extract::FromRequestParts, http::request::Parts};
use garde::Validate;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::faults::{Input, read_all};
use crate::http::{ApiError, FieldError};

/// Validated query parameters.
#[derive(Debug, Clone, Copy, Default)]
pub struct Query<T>(pub T);

impl<S, T> FromRequestParts<S> for Query<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Validate<Context = ()>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::parse(parts.uri.query().unwrap_or_default()).map_err(ApiError::Invalid)
    }
}

impl<T: DeserializeOwned + Validate<Context = ()>> Query<T> {
    pub(in crate::http) fn parse(query: &str) -> Result<Self, Vec<FieldError>> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(query).unwrap_or_default();
        // `start_date=` from an emptied form field is a parameter not given.
        let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect();
        read_all(Pairs(pairs)).map(Self).map_err(|errors| errors.into_iter().map(without_nesting).collect())
    }
}

/// A query is flat whatever types it is read into: `page.limit` is the parameter `limit`.
fn without_nesting(error: FieldError) -> FieldError {
    match error.field.rsplit_once('.') {
        Some((_, name)) => FieldError::new(name, error.message),
        None => error,
    }
}

struct Pairs(Vec<(String, String)>);

impl Input for Pairs {
    fn read<T: DeserializeOwned>(&self) -> Result<T, (String, String)> {
        // Encoded anew: the deserializer takes the wire form, and only that reads numbers out of text.
        let text = serde_urlencoded::to_string(&self.0).unwrap_or_default();
        let deserializer = serde_urlencoded::Deserializer::new(form_urlencoded::parse(text.as_bytes()));
        serde_path_to_error::deserialize(deserializer)
            .map_err(|error| (error.path().to_string(), error.inner().to_string()))
    }

    fn replace(&mut self, path: &str, value: &Value) {
        self.0.retain(|(name, _)| name != path);
        if let Value::String(text) = value {
            self.0.push((path.to_owned(), text.clone()));
        }
    }

    fn remove(&mut self, path: &str) {
        self.0.retain(|(name, _)| name != path);
    }
}
