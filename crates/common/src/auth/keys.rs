//! Signs and verifies access tokens, with one algorithm and one key.

use std::fmt;

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::claims::{AUDIENCE, Claims};
use crate::{
    config::Settings,
    ids::{AccountId, SessionId},
};

/// How far clocks may be apart, in seconds.
const LEEWAY: u64 = 30;

/// Why a token does not hold. The client learns only that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token has expired")]
    Expired,
    #[error("the token is not one of ours")]
    Invalid,
}

/// The key pair of this installation and the rules every token is held to.
#[derive(Clone)]
pub struct TokenKeys {
    algorithm: Algorithm,
    issuer: String,
    lifetime: Duration,
    signing: EncodingKey,
    verifying: DecodingKey,
    rules: Validation,
}

impl TokenKeys {
    /// Keys as JWT_* and BASE_URL say.
    #[must_use]
    pub fn from_settings(settings: &Settings) -> Self {
        let Settings { jwt, base_url, .. } = settings;
        let secret = jwt.secret_key.expose_secret().as_bytes();
        let mut rules = Validation::new(jwt.algorithm);
        rules.set_issuer(&[base_url]);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        rules.leeway = LEEWAY;
        rules.validate_exp = true;
        Self {
            algorithm: jwt.algorithm,
            issuer: base_url.clone(),
            lifetime: Duration::hours(i64::from(jwt.expiration_hours)),
            signing: EncodingKey::from_secret(secret),
            verifying: DecodingKey::from_secret(secret),
            rules,
        }
    }

    /// How long a token holds.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// A token for this session, that never outlives it.
    ///
    /// # Errors
    /// The signature could not be made.
    pub fn issue(
        &self,
        account: AccountId,
        session: SessionId,
        session_expires_at: DateTime<Utc>,
    ) -> Result<(String, Claims), jsonwebtoken::errors::Error> {
        let now = Utc::now();
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            iat: now.timestamp(),
            exp: (now + self.lifetime).min(session_expires_at).timestamp(),
            jti: Uuid::now_v7().to_string(),
            sub: account,
            sid: session,
        };
        let token = jsonwebtoken::encode(&Header::new(self.algorithm), &claims, &self.signing)?;
        Ok((token, claims))
    }

    /// The claims of a token that holds: our algorithm, signature, issuer and audience, not expired, all claims there.
    ///
    /// # Errors
    /// It does not hold.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let data = jsonwebtoken::decode::<Claims>(token, &self.verifying, &self.rules).map_err(|error| match error
            .kind()
        {
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

impl fmt::Debug for TokenKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKeys")
            .field("algorithm", &self.algorithm)
            .field("issuer", &self.issuer)
            .finish_non_exhaustive()
    }
}
