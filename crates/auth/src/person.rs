//! The person who calls and what the audit log calls them, for routes that are about no tenant yet.

use axum::{extract::FromRequestParts, http::request::Parts};
use common::{
    auth::{Actor, Caller, client_address},
    http::ApiError,
    ids::{AccountId, SessionId},
};

use crate::state::AuthState;

/// Somebody who is signed in. Rejects with 401.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) account_id: AccountId,
    pub(crate) session_id: SessionId,
    pub(crate) actor: Actor,
}

impl FromRequestParts<AuthState> for Person {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AuthState) -> Result<Self, ApiError> {
        let Caller { account_id, session_id } = Caller::from_request_parts(parts, state).await?;
        // The extractor has just looked, so this is remembered.
        let standing = state.app.access.standing(account_id, session_id, None).await?;
        let ip = client_address(parts, state.app.settings.limits.trusted_proxies);
        let actor = Actor { account_id: Some(account_id), name: standing.email, ip };
        Ok(Self { account_id, session_id, actor })
    }
}
