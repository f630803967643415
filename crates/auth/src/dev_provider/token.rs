//! The token endpoint: a code and the verifier of its challenge, for tokens.

use axum::{
    Form, Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;

use super::{codes, provider::DevProvider};
use crate::{secrets::pkce_challenge, state::AuthState};

/// RFC 6749 4.1.3 with RFC 7636.
#[derive(Deserialize)]
pub(crate) struct TokenForm {
    grant_type: String,
    code: String,
    redirect_uri: String,
    client_id: String,
    code_verifier: String,
}

pub(crate) async fn token(State(auth): State<AuthState>, Form(form): Form<TokenForm>) -> Response {
    let Some(provider) = &auth.dev_provider else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match exchange(&auth, provider, form).await {
        Ok(Some(tokens)) => ([(header::CACHE_CONTROL, "no-store")], Json(tokens)).into_response(),
        Ok(None) => (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response(),
        Err(error) => common::http::ApiError::Internal(error).into_response(),
    }
}

/// `None` where the code is unknown, used or old, or was given to somebody else.
async fn exchange(
    auth: &AuthState,
    provider: &DevProvider,
    form: TokenForm,
) -> anyhow::Result<Option<serde_json::Value>> {
    let TokenForm { grant_type, code, redirect_uri, client_id, code_verifier } = form;
    let Some(grant) = codes::take(&auth.app.pool, &code).await? else {
        return Ok(None);
    };
    let same = grant_type == "authorization_code"
        && grant.client_id == client_id
        && grant.redirect_uri == redirect_uri
        && grant.code_challenge == pkce_challenge(&code_verifier);
    if !same {
        return Ok(None);
    }
    Ok(Some(json!({
        "access_token": provider.access_token(&grant.email)?,
        "id_token": provider.id_token(&grant.email, grant.nonce)?,
        "token_type": "Bearer",
        "expires_in": DevProvider::token_seconds(),
    })))
}
