//! What a request tells about the device it comes from; shown to the person later, never relied on.

use std::{convert::Infallible, net::SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts},
    http::{header, request::Parts},
};

/// Long enough for every browser's name.
const LONGEST: usize = 400;

/// Browser and address of a sign-in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Device {
    pub(crate) user_agent: Option<String>,
    /// The peer's address; behind a proxy that is the proxy's, since anybody can write a forwarding header.
    pub(crate) ip: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Device {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok());
        Ok(Self {
            user_agent: user_agent.map(|agent| agent.chars().take(LONGEST).collect()),
            ip: parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip().to_string()),
        })
    }
}
