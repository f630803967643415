//! The user-info endpoint: who a token of the development provider is about.

use axum::{
    Json,
    extract::State,
    http::{HeaderMap, header},
};
use common::{http::ApiError, tenants::DEMO_PEOPLE};
use serde_json::{Value, json};

use crate::state::AuthState;

pub(crate) async fn userinfo(State(auth): State<AuthState>, headers: HeaderMap) -> Result<Json<Value>, ApiError> {
    let email = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .and_then(|token| auth.dev_provider.as_ref()?.verify(token))
        .ok_or_else(|| ApiError::Unauthorized(String::from("No valid token of the development provider.")))?;
    let name = DEMO_PEOPLE.iter().find(|(known, ..)| *known == email).map(|(_, name, _)| *name);
    let given_name = name.and_then(|name| name.split(' ').next());
    Ok(Json(json!({
        "sub": email, "email": email, "email_verified": true, "name": name, "given_name": given_name, "locale": "en",
    })))
}
