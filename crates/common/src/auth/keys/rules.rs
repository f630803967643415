//! What every token is held to besides its signature: one algorithm, issuer, audience, its times, all claims there.

use chrono::Utc;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, errors::ErrorKind};

use super::TokenError;
use crate::auth::claims::{AUDIENCE, Claims};

/// How far clocks may be apart, in seconds.
const LEEWAY: u64 = 30;

#[derive(Clone)]
pub(super) struct Rules(Validation);

impl Rules {
    /// For tokens of this algorithm and no other, and of this issuer.
    pub(super) fn new(algorithm: Algorithm, issuer: &str) -> Self {
        let mut rules = Validation::new(algorithm);
        rules.set_issuer(&[issuer]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.leeway = LEEWAY;
        rules.validate_exp = true;
        Self(rules)
    }

    pub(super) fn verify(&self, token: &str, key: &DecodingKey) -> Result<Claims, TokenError> {
        let data = jsonwebtoken::decode::<Claims>(token, key, &self.0).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => TokenError::Expired,
            _ => TokenError::Invalid,
        })?;
        let now = Utc::now().timestamp();
        if data.claims.iat > now + i64::try_from(LEEWAY).unwrap_or_default() {
            return Err(TokenError::Invalid);
        }
        Ok(data.claims)
    }
}
