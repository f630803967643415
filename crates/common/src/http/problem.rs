//! The one form of every error answer: RFC 9457 problem details.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::error::FieldError;

/// The media type of problems.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// Problem details (RFC 9457). `instance` and `request_id` are filled in on the way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// Names the kind of problem; stable, for programs.
    #[serde(rename = "type")]
    #[schema(example = "urn:ga-intelligence:problem:invalid")]
    pub kind: String,
    /// The kind in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time, for people.
    pub detail: String,
    /// The path that was asked for.
    pub instance: String,
    /// As in `X-Request-Id`; quote it when reporting the problem.
    pub request_id: String,
    /// For bad input: every field that is wrong.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
}

impl Problem {
    /// A problem of this kind, without place and request yet.
    #[must_use]
    pub fn new(status: StatusCode, kind: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:ga-intelligence:problem:{kind}"),
            title: title(status).to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            instance: String::new(),
            request_id: String::new(),
            errors: Vec::new(),
        }
    }

    /// The problem that a bare status stands for, for answers of layers and of the router itself.
    #[must_use]
    pub fn of_status(status: StatusCode) -> Self {
        let (kind, detail) = match status {
            StatusCode::NOT_FOUND => ("not-found", "There is nothing at this address."),
            StatusCode::METHOD_NOT_ALLOWED => ("method-not-allowed", "This address does not take this method."),
            StatusCode::REQUEST_TIMEOUT => ("timeout", "The request did not arrive in time."),
            StatusCode::PAYLOAD_TOO_LARGE => ("too-large", "The body is larger than this address takes."),
            StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                ("unsupported-media", "This address takes JSON: send `Content-Type: application/json`.")
            }
            StatusCode::SERVICE_UNAVAILABLE => ("unavailable", "The request could not be answered in time."),
            StatusCode::INTERNAL_SERVER_ERROR => ("internal", "Something went wrong on our side."),
            status if status.is_server_error() => ("internal", "Something went wrong on our side."),
            _ => ("bad-request", "The request could not be understood."),
        };
        Self::new(status, kind, detail)
    }

    pub(super) fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}

fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = (self.status_code(), axum::Json(&self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
        // Kept beside the body for the layer that knows the request.
        response.extensions_mut().insert(self);
        response
    }
}
