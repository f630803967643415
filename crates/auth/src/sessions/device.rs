//! What a request tells about the device it comes from; shown to the person and in the audit log, never relied on.

use std::net::IpAddr;

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{header, request::Parts},
};
use common::{
    auth::{Actor, AppState, client_address},
    http::ApiError,
    ids::AccountId,
};

/// Long enough for every browser's name.
const LONGEST: usize = 400;

/// Browser and address of a request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Device {
    pub(crate) user_agent: Option<String>,
    pub(crate) ip: Option<IpAddr>,
}

impl Device {
    /// A person at this device.
    pub(crate) fn actor(&self, account: AccountId, email: &str) -> Actor {
        Actor { account_id: Some(account), name: email.to_owned(), ip: self.ip }
    }

    pub(crate) fn ip_text(&self) -> Option<String> {
        self.ip.map(|ip| ip.to_string())
    }
}

impl<S> FromRequestParts<S> for Device
where
    S: Send + Sync,
    AppState: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let app = AppState::from_ref(state);
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self {
            user_agent: user_agent.map(|agent| agent.chars().take(LONGEST).collect()),
            ip: client_address(parts, app.settings.limits.trusted_proxies),
        })
    }
}

/// The device of a try at a door, where nobody is known yet: login, callback, refresh. Rejects with 429.
#[derive(Debug, Clone)]
pub(crate) struct AtDoor(pub(crate) Device);

impl<S> FromRequestParts<S> for AtDoor
where
    S: Send + Sync,
    AppState: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        AppState::from_ref(state).limits.of_address(parts)?;
        Device::from_request_parts(parts, state).await.map(Self)
    }
}
