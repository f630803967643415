//! JSON bodies: 400, 413, 415, or 422 with every field that is wrong.

use axum::{
    body::Bytes,
    extract::{FromRequest, Request, rejection::BytesRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use garde::Validate;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    faults::{Input, read_all},
    strict::Strict,
};
use crate::http::{ApiError, FieldError};

/// A validated body on the way in, JSON on the way out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json<T>(pub T);

/// A JSON body as it came, for handlers that read it by themselves: 413 and 415 as for [`Json`].
#[derive(Debug, Clone, Default)]
pub struct JsonBytes(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for JsonBytes {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok())) {
            return Err(ApiError::UnsupportedMedia);
        }
        Bytes::from_request(request, state).await.map(Self).map_err(|rejection| refused(&rejection))
    }
}

impl<S, T> FromRequest<S> for Json<T>
where
    S: Send + Sync,
    T: DeserializeOwned + Validate<Context = ()>,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let JsonBytes(body) = JsonBytes::from_request(request, state).await?;
        let value: Value = serde_json::from_slice(&body)
            .map_err(|error| ApiError::Malformed(format!("The body is not JSON: {error}.")))?;
        read_all(Body(value)).map(Self).map_err(|errors| {
            // A body that is no object at all has no field to name.
            ApiError::Invalid(errors.into_iter().map(name_top).collect())
        })
    }
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

fn name_top(error: FieldError) -> FieldError {
    if error.field.is_empty() { FieldError::new("body", error.message) } else { error }
}

fn refused(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::TooLarge
    } else {
        ApiError::Malformed(String::from("The body could not be read to its end."))
    }
}

/// `application/json`, or a type that says it is JSON (`application/reports+json`).
fn is_json(content_type: Option<&str>) -> bool {
    let kind = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
}

struct Body(Value);

impl Input for Body {
    fn read<T: DeserializeOwned>(&self) -> Result<T, (String, String)> {
        serde_path_to_error::deserialize(Strict(&self.0))
            .map_err(|error| (error.path().to_string(), error.inner().to_string()))
    }

    fn replace(&mut self, path: &str, value: &Value) {
        let mut place = &mut self.0;
        for part in path.split(['.', '[', ']']).filter(|part| !part.is_empty()) {
            let next = match place {
                Value::Array(items) => part.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
                Value::Object(fields) => Some(fields.entry(part).or_insert(Value::Null)),
                _ => None,
            };
            let Some(next) = next else { return };
            place = next;
        }
        *place = value.clone();
    }

    fn remove(&mut self, path: &str) {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        let mut place = &mut self.0;
        for part in parent.split(['.', '[', ']']).filter(|part| !part.is_empty()) {
            let next = match place {
                Value::Array(items) => part.parse::<usize>().ok().and_then(|index| items.get_mut(index)),
                Value::Object(fields) => fields.get_mut(part),
                _ => None,
            };
            let Some(next) = next else { return };
            place = next;
        }
        if let Value::Object(fields) = place {
            fields.remove(name);
        }
    }
}
