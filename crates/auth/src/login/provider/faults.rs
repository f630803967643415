//! What people are told when the provider does not answer as it should; the logs say more, and no secret.

use common::http::ApiError;
use oauth2::{RequestTokenError, basic::BasicErrorResponse};

use crate::login::http::HttpError;

/// For an answer of the token endpoint that is no token.
pub(super) fn refused(error: RequestTokenError<HttpError, BasicErrorResponse>) -> ApiError {
    match error {
        RequestTokenError::ServerResponse(answer) => {
            tracing::info!(error = %answer.error(), "the provider did not take a code");
            ApiError::Unauthorized(String::from(
                "The sign-in could not be completed: its code is wrong, used or old. Start again.",
            ))
        }
        RequestTokenError::Request(error) => {
            tracing::warn!(%error, "the provider could not be reached");
            provider_away()
        }
        // Texts of these may hold tokens.
        RequestTokenError::Parse(..) | RequestTokenError::Other(_) => {
            tracing::warn!("the provider's answer could not be understood");
            provider_away()
        }
    }
}

pub(super) fn away(error: reqwest::Error) -> ApiError {
    tracing::warn!(error = %error.without_url(), "the provider could not be reached");
    provider_away()
}

pub(super) fn provider_away() -> ApiError {
    ApiError::Unavailable(String::from("The sign-in provider does not answer as it should; try again in a moment."))
}

/// `why` goes to the log only.
pub(super) fn not_ours(why: &str) -> ApiError {
    tracing::warn!(why, "an id token was not as it should be");
    ApiError::Unauthorized(String::from("The provider's answer does not belong to this sign-in. Start again."))
}
