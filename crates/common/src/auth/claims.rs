//! What an access token says.

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, SessionId};

/// The audience of our tokens: the three services together.
pub const AUDIENCE: &str = "ga-intelligence";

/// The claims of an access token. It names a session, never a tenant: membership is looked up on each request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// BASE_URL of the auth service that issued it.
    pub iss: String,
    pub aud: String,
    /// Seconds since 1970, as all times here.
    pub iat: i64,
    pub exp: i64,
    /// This token, for revocation and logs.
    pub jti: String,
    pub sub: AccountId,
    pub sid: SessionId,
}
