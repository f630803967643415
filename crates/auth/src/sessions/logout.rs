//! `POST /auth/logout`.

use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderMap, header},
};
use common::{
    auth::Caller,
    http::{ApiError, Json},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Device, Ending, end::end};
use crate::state::AuthState;

/// For callers that cannot send a header.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct LogoutBody {
    access_token: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogoutView {
    success: bool,
    message: &'static str,
}

/// Sign out
///
/// Ends the session, refresh tokens included, of the token in the `Authorization` header, or of `access_token` in the body.
#[utoipa::path(post, path = "/auth/logout", tag = "sign-in",
    request_body(content = Option<LogoutBody>, description = "Only where the token is not in the header"),
    responses((status = 200, body = LogoutView)))]
pub(crate) async fn logout(
    State(auth): State<AuthState>,
    headers: HeaderMap,
    device: Device,
    body: Bytes,
) -> Result<Json<LogoutView>, ApiError> {
    // Read even where it is not needed: what is no such body is refused.
    let in_body = in_body(&body)?;
    let token = match headers.get(header::AUTHORIZATION) {
        Some(value) => value
            .to_str()
            .ok()
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map(|(_, token)| token.trim().to_owned()),
        None => in_body,
    };
    let token = token.ok_or_else(|| {
        ApiError::Unauthorized(String::from("A token is needed, in the header or as `access_token` in the body."))
    })?;
    let caller = Caller::of_token(&auth.app, &token).await?;
    let email = auth.app.access.standing(caller.account_id, caller.session_id, None).await?.email;
    let actor = device.actor(caller.account_id, &email);
    end(&auth.app, caller.account_id, &[caller.session_id], Ending::SignedOut, &actor).await?;
    tracing::info!(account_id = %caller.account_id, session_id = %caller.session_id, "signed out");
    Ok(Json(LogoutView { success: true, message: "Signed out." }))
}

fn in_body(body: &[u8]) -> Result<Option<String>, ApiError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(None);
    }
    // An object: read as `LogoutBody`, an array with the token would do as well.
    let fields = serde_json::from_slice::<Option<serde_json::Map<_, _>>>(body);
    fields
        .and_then(|fields| LogoutBody::deserialize(serde_json::Value::Object(fields.unwrap_or_default())))
        .map(|body| body.access_token)
        .map_err(|_| ApiError::Malformed(String::from("The body is not JSON of the form {\"access_token\": \"…\"}.")))
}
