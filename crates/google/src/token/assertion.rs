//! What a service account signs to get a token (ga4.md 3.6).

use jsonwebtoken::{Algorithm, Header};
use secrecy::SecretString;
use serde::Serialize;

use super::Scope;
use crate::endpoints::TOKEN_AUDIENCE;
use crate::{GoogleError, ServiceAccountKey};

/// Clocks that are a little ahead of Google's are forgiven: a time of issue in the future is refused.
const SKEW: i64 = 10;
/// The longest Google lets an assertion live.
const LIFETIME: i64 = 3600;

#[derive(Serialize)]
struct Claims<'k> {
    iss: &'k str,
    scope: &'static str,
    aud: &'static str,
    iat: i64,
    exp: i64,
}

/// A signed assertion, good for an hour from `now` (seconds since 1970).
///
/// # Errors
/// [`GoogleError::Denied`] when the key cannot sign.
pub(super) fn sign(key: &ServiceAccountKey, scope: Scope, now: i64) -> Result<SecretString, GoogleError> {
    let header = Header { kid: Some(key.key_id().to_owned()), ..Header::new(Algorithm::RS256) };
    let iat = now - SKEW;
    let claims = Claims { iss: key.client_email(), scope: scope.url(), aud: TOKEN_AUDIENCE, iat, exp: iat + LIFETIME };
    jsonwebtoken::encode(&header, &claims, key.signing())
        .map(SecretString::from)
        .map_err(|_| GoogleError::Denied(format!("The key of {} cannot sign.", key.client_email())))
}
