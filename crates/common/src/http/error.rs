//! What can go wrong in a handler, and the status and words each case has on the wire.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::Problem;

/// One field of a request and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct FieldError {
    /// The field as the client wrote it: `start_date`, `events[2].name`.
    pub field: String,
    pub message: String,
}

impl FieldError {
    pub fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }
}

/// An answer that is no success. Texts are for the client, except in `Internal`, which is logged and not shown.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 400: not what the format demands.
    #[error("malformed: {0}")]
    Malformed(String),
    /// 422: well-formed, and not valid; all fields at once.
    #[error("invalid: {0:?}")]
    Invalid(Vec<FieldError>),
    /// 401: no token, or none that holds.
    #[error("unauthorized: {0}")]
    Unauthorized(String),
    /// 403: known, and not allowed.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// 404.
    #[error("not found: {0}")]
    NotFound(String),
    /// 409: against the present state.
    #[error("conflict: {0}")]
    Conflict(String),
    /// 413.
    #[error("the body is too large")]
    TooLarge,
    /// 415.
    #[error("unsupported media type")]
    UnsupportedMedia,
    /// 429, seconds until another try makes sense.
    #[error("too many requests, retry after {retry_after} s")]
    TooManyRequests { retry_after: u64 },
    /// 503: the database or another thing we need is away, or took too long.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// An answer of its own making, such as a 409 that names candidates in more words.
    #[error("{0:?}")]
    Problem(Box<Problem>),
    /// 500: logged once, never shown.
    #[error("internal: {0}")]
    Internal(#[from] anyhow::Error),
}

impl ApiError {
    /// A single invalid field.
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldError::new(field, message)])
    }

    /// Logs what the client is not told. Called once, where the error becomes an answer.
    fn problem(&self) -> Problem {
        let problem = |status, kind, detail: &str| Problem::new(status, kind, detail);
        match self {
            Self::Malformed(detail) => problem(StatusCode::BAD_REQUEST, "malformed", detail),
            Self::Invalid(errors) => {
                let detail = match errors.as_slice() {
                    [FieldError { field, message }] => format!("{field}: {message}"),
                    errors => format!("{} fields are not valid.", errors.len()),
                };
                Problem { errors: errors.clone(), ..problem(StatusCode::UNPROCESSABLE_ENTITY, "invalid", &detail) }
            }
            Self::Unauthorized(detail) => problem(StatusCode::UNAUTHORIZED, "unauthorized", detail),
            Self::Forbidden(detail) => problem(StatusCode::FORBIDDEN, "forbidden", detail),
            Self::NotFound(detail) => problem(StatusCode::NOT_FOUND, "not-found", detail),
            Self::Conflict(detail) => problem(StatusCode::CONFLICT, "conflict", detail),
            Self::TooLarge => Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE),
            Self::UnsupportedMedia => Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::TooManyRequests { retry_after } => problem(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-requests",
                &format!("Too many requests; try again in {retry_after} seconds."),
            ),
            Self::Unavailable(detail) => problem(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail),
            Self::Problem(problem) => problem.as_ref().clone(),
            Self::Internal(error) => {
                tracing::error!(error = format!("{error:#}"), "a request failed");
                Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.problem().into_response();
        let headers = response.headers_mut();
        match self {
            Self::Unauthorized(_) => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"ga-intelligence\""));
            }
            Self::TooManyRequests { retry_after } => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
            }
            Self::Unavailable(_) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        response
    }
}

impl From<sqlx::Error> for ApiError {
    /// A statement that took too long and a database that is away are 503; everything else is a fault of ours.
    fn from(error: sqlx::Error) -> Self {
        let unavailable = match &error {
            sqlx::Error::Database(database) => match database.code().as_deref() {
                // statement_timeout
                Some("57014") => Some("The database did not answer in time; try a shorter range or again later."),
                // shutting down, starting up, too many connections, connection failures
                Some(code) if code.starts_with("57P") || code.starts_with("08") || code == "53300" => Some(AWAY),
                _ => None,
            },
            sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::WorkerCrashed => Some(AWAY),
            _ => None,
        };
        match unavailable {
            Some(detail) => {
                tracing::warn!(%error, "the database could not be used");
                Self::Unavailable(detail.to_owned())
            }
            None => Self::Internal(anyhow::Error::new(error).context("a database statement failed")),
        }
    }
}

const AWAY: &str = "The database is away; try again in a moment.";
