//! A sign-in that did not come to its end: what the person is told, and what is noted of it.

use common::http::ApiError;

#[derive(Debug)]
pub(super) struct Refusal {
    /// For the log of failures, in a few fixed words; none where it is no failure of the person's.
    pub(super) reason: Option<&'static str>,
    /// Who it is about, as the provider says.
    pub(super) email: Option<String>,
    pub(super) answer: ApiError,
}

impl Refusal {
    pub(super) const fn of(reason: &'static str, email: Option<String>, answer: ApiError) -> Self {
        Self { reason: Some(reason), email, answer }
    }
}

impl From<ApiError> for Refusal {
    fn from(answer: ApiError) -> Self {
        let reason = match &answer {
            ApiError::Unauthorized(_) => Some("not as the provider should answer"),
            ApiError::TooManyRequests { .. } => Some("too many tries"),
            _ => None,
        };
        Self { reason, email: None, answer }
    }
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::from(ApiError::from(error))
    }
}
