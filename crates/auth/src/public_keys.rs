//! `GET /auth/.well-known/jwks.json`: the keys that our access tokens are verified with.

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use common::http::{ApiError, Json};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::state::AuthState;

/// A JSON Web Key Set (RFC 7517).
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeySetView {
    /// Each with `kid`, `kty`, `alg`, `use` and the public key's own members.
    #[schema(value_type = Vec<Object>)]
    keys: Vec<Value>,
}

/// The public keys of access tokens
///
/// Those that tokens may name in `kid` now: the one that signs and former ones whose tokens still hold. Empty where
/// JWT_ALGORITHM is one with a shared secret.
#[utoipa::path(get, path = "/auth/.well-known/jwks.json", tag = "sign-in", responses((status = 200, body = KeySetView)))]
pub(crate) async fn public_keys(State(auth): State<AuthState>) -> Result<Response, ApiError> {
    let app = &auth.app;
    app.keys.refresh(&app.pool, &app.access).await?;
    let keys = app.keys.public_keys();
    Ok(([(header::CACHE_CONTROL, "public, max-age=60")], Json(KeySetView { keys })).into_response())
}
