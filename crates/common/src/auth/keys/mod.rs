//! Signs and verifies access tokens: with a shared secret, or with key pairs whose public halves are published.
//!
//! Which of the two is decided by JWT_ALGORITHM alone and never by a token: a public key can then not be taken for a secret.

mod pair;
mod ring;
mod rules;
mod secret;
pub mod stored;

use std::fmt;

use chrono::{DateTime, Duration, Utc};
use jsonwebtoken::Algorithm;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use self::{ring::Ring, rules::Rules, secret::Secrets};
use super::{
    Access,
    claims::{AUDIENCE, Claims},
};
use crate::{
    config::Settings,
    ids::{AccountId, SessionId},
    secrets::Sealer,
};

/// Why a token does not hold. The client learns only that it does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token has expired")]
    Expired,
    #[error("the token is not one of ours")]
    Invalid,
    /// It may be of a pair that was made a moment ago.
    #[error("the token names a key that is not known")]
    UnknownKey,
}

/// Why a token could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("there is no key pair of {0:?} that signs")]
    NoPair(Algorithm),
    #[error("the private half of the key pair {0} cannot be opened: {1}")]
    Sealed(String, crate::secrets::SealError),
    #[error("the signature could not be made: {0}")]
    Signature(#[from] jsonwebtoken::errors::Error),
}

/// The keys of this installation and the rules every token is held to.
pub struct TokenKeys {
    algorithm: Algorithm,
    issuer: String,
    lifetime: Duration,
    kind: Kind,
}

enum Kind {
    Secrets(Box<Secrets>),
    Pairs(Ring),
}

impl TokenKeys {
    /// Keys as JWT_* and BASE_URL say. Pairs are read from the database when they are first asked for.
    #[must_use]
    pub fn from_settings(settings: &Settings) -> Self {
        let Settings { jwt, base_url, .. } = settings;
        let kind = match jwt.algorithm {
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => Kind::Secrets(Box::new(Secrets::new(
                jwt.algorithm,
                &jwt.secret_key,
                jwt.secret_key_previous.as_ref(),
                Rules::new(jwt.algorithm, base_url),
            ))),
            algorithm => Kind::Pairs(Ring::new(algorithm, base_url.clone(), Sealer::from_settings(settings))),
        };
        Self {
            algorithm: jwt.algorithm,
            issuer: base_url.clone(),
            lifetime: Duration::hours(i64::from(jwt.expiration_hours)),
            kind,
        }
    }

    /// How long a token holds.
    #[must_use]
    pub const fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// The algorithm of JWT_ALGORITHM.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Whether tokens are signed with key pairs, so that others can verify them.
    #[must_use]
    pub const fn are_pairs(&self) -> bool {
        matches!(self.kind, Kind::Pairs(_))
    }

    /// A token for this session, that never outlives it. With pairs, [`TokenKeys::refresh`] has to come first.
    ///
    /// # Errors
    /// There is no pair that signs, or the signature could not be made.
    pub fn issue(
        &self,
        account: AccountId,
        session: SessionId,
        session_expires_at: DateTime<Utc>,
    ) -> Result<(String, Claims), SignError> {
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
        let token = match &self.kind {
            Kind::Secrets(secrets) => secrets.sign(&claims)?,
            Kind::Pairs(ring) => ring.sign(&claims)?,
        };
        Ok((token, claims))
    }

    /// The claims of a token that holds: our algorithm, signature, issuer and audience, not expired, all claims there.
    ///
    /// # Errors
    /// It does not hold.
    pub fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        match &self.kind {
            Kind::Secrets(secrets) => secrets.verify(token),
            Kind::Pairs(ring) => ring.verify(token),
        }
    }

    /// Reads the pairs anew where they may have changed. Costs nothing with a shared secret, and no query while nothing has
    /// changed.
    ///
    /// # Errors
    /// The database has to be asked and is away.
    pub async fn refresh(&self, pool: &PgPool, access: &Access) -> Result<(), sqlx::Error> {
        match &self.kind {
            Kind::Secrets(_) => Ok(()),
            Kind::Pairs(ring) => ring.refresh(pool, access).await,
        }
    }

    /// Reads the pairs anew because a token names one that is not known; at most once a second, whatever strangers send.
    /// Whether it did.
    ///
    /// # Errors
    /// The database is away.
    pub async fn look_again(&self, pool: &PgPool, access: &Access) -> Result<bool, sqlx::Error> {
        match &self.kind {
            Kind::Secrets(_) => Ok(false),
            Kind::Pairs(ring) => ring.look_again(pool, access).await,
        }
    }

    /// Reads the pairs anew in any case, because this process itself has changed them.
    ///
    /// # Errors
    /// The database is away.
    pub async fn read_again(&self, pool: &PgPool, access: &Access) -> Result<(), sqlx::Error> {
        match &self.kind {
            Kind::Secrets(_) => Ok(()),
            Kind::Pairs(ring) => ring.read_again(pool, access).await,
        }
    }

    /// The public keys (RFC 7517) that tokens may name now; none with a shared secret.
    #[must_use]
    pub fn public_keys(&self) -> Vec<Value> {
        match &self.kind {
            Kind::Secrets(_) => Vec::new(),
            Kind::Pairs(ring) => ring.public_keys(),
        }
    }

    /// Whether a token can be signed; with pairs there may be none yet.
    #[must_use]
    pub fn can_sign(&self) -> bool {
        match &self.kind {
            Kind::Secrets(_) => true,
            Kind::Pairs(ring) => ring.can_sign(),
        }
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
