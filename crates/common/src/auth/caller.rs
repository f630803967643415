//! The person who calls: a token that holds and a session that lives.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{header, request::Parts},
};

use super::{AppState, Claims, TokenError};
use crate::{
    http::ApiError,
    ids::{AccountId, SessionId},
};

/// The account and session of a verified token. Rejects with 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    pub account_id: AccountId,
    pub session_id: SessionId,
}

impl<S> FromRequestParts<S> for Caller
where
    S: Send + Sync,
    AppState: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let app = AppState::from_ref(state);
        Self::of_token(&app, bearer(parts)?).await
    }
}

impl Caller {
    /// The caller a token stands for, wherever the token came from.
    ///
    /// # Errors
    /// 401 where the token does not hold or its session has ended; 503 where the database has to be asked and is away.
    pub async fn of_token(app: &AppState, token: &str) -> Result<Self, ApiError> {
        let Claims { sub, sid, .. } = verified(app, token).await?;
        let standing = app.access.standing(sub, sid, None).await?;
        if standing.alive { Ok(Self { account_id: sub, session_id: sid }) } else { Err(session_ended()) }
    }
}

/// The claims of the request's token, without a look at the session.
pub(super) async fn claims(parts: &Parts, app: &AppState) -> Result<Claims, ApiError> {
    verified(app, bearer(parts)?).await
}

fn bearer(parts: &Parts) -> Result<&str, ApiError> {
    let mut given = parts.headers.get_all(header::AUTHORIZATION).iter();
    let header = given
        .next()
        // Two of them, and whoever stands before us may have looked at the other one.
        .filter(|_| given.next().is_none())
        .ok_or_else(|| ApiError::Unauthorized(String::from("A token is needed: `Authorization: Bearer …`.")))?;
    header
        .to_str()
        .ok()
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .ok_or_else(|| ApiError::Unauthorized(String::from("`Authorization` must be `Bearer` and a token.")))
}

async fn verified(app: &AppState, token: &str) -> Result<Claims, ApiError> {
    app.keys.refresh(&app.pool, &app.access).await?;
    let verdict = match app.keys.verify(token) {
        Err(TokenError::UnknownKey) if app.keys.look_again(&app.pool, &app.access).await? => app.keys.verify(token),
        verdict => verdict,
    };
    verdict.map_err(|error| {
        ApiError::Unauthorized(String::from(match error {
            TokenError::Expired => "The token has expired; sign in again.",
            TokenError::Invalid | TokenError::UnknownKey => "The token is not one of ours.",
        }))
    })
}

pub(super) fn session_ended() -> ApiError {
    ApiError::Unauthorized(String::from("The session has ended; sign in again."))
}
