//! `POST /auth/refresh`: a used-up refresh token for the next pair.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use common::http::{ApiError, Json};
use garde::Validate;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    AtDoor, Device, Ending,
    end::end,
    open::{Tokens, tokens},
    refresh_token::{self, Family, Found},
};
use crate::{failures, state::AuthState};

#[derive(Deserialize, Validate, ToSchema)]
pub(crate) struct RefreshBody {
    /// Of the sign-in or of the refresh before.
    #[garde(length(min = 1, max = 512))]
    #[schema(min_length = 1, max_length = 512)]
    refresh_token: String,
}

/// Refresh the tokens
///
/// A refresh token is good once: the answer brings the next one, and a new access token of the same session. The session
/// ends REFRESH_EXPIRATION_DAYS after the sign-in at the latest. A token that comes a second time ends the session for
/// whoever holds any of its tokens.
#[utoipa::path(post, path = "/auth/refresh", tag = "sign-in", request_body = RefreshBody, responses(
    (status = 200, body = Tokens),
    (status = 401, description = "An unknown, used or old token, or a session that has ended",
        body = common::http::Problem, content_type = "application/problem+json"),
    (status = 429, description = "Too many tries",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn refresh(
    State(auth): State<AuthState>,
    AtDoor(device): AtDoor,
    Json(body): Json<RefreshBody>,
) -> Result<Response, ApiError> {
    let RefreshBody { refresh_token } = body;
    let app = &auth.app;
    if let Some(session) = refresh_token::session_of(&app.pool, &refresh_token).await? {
        app.limits.of_account(&session.to_string())?;
    }
    let mut tx = app.pool.begin().await?;
    let family = match refresh_token::take(&mut tx, &refresh_token).await? {
        Found::Good(family) => family,
        Found::Reused(family) => {
            drop(tx);
            return Err(stolen(&auth, &family, &device).await?);
        }
        Found::Nothing => {
            drop(tx);
            failures::note_unknown(app, "refresh token unknown or old", None, &device).await;
            return Err(refused());
        }
    };
    let Family { session_id, account_id, expires_at, .. } = family;
    let next = refresh_token::give(&mut tx, session_id, expires_at).await?;
    sqlx::query!("update auth_sessions set last_seen_at = now() where session_id = $1", session_id.uuid())
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    let answer = tokens(app, account_id, session_id, expires_at, next).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response())
}

/// Ends the session of a token that came twice.
async fn stolen(auth: &AuthState, family: &Family, device: &Device) -> Result<ApiError, ApiError> {
    let Family { session_id, account_id, email, .. } = family;
    tracing::warn!(%account_id, %session_id, "a refresh token came twice; its session ends");
    end(&auth.app, *account_id, &[*session_id], Ending::RefreshTokenReused, &device.actor(*account_id, email)).await?;
    failures::note_unknown(&auth.app, "refresh token reused", Some(email), device).await;
    Ok(refused())
}

/// The same words for whatever is wrong with it.
fn refused() -> ApiError {
    ApiError::Unauthorized(String::from(
        "The refresh token is unknown, used or old, or its session has ended; sign in again.",
    ))
}
