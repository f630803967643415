//! Verifies API keys against their stored hashes.

use std::fmt;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use subtle::ConstantTimeEq;

use super::{ApiKeyText, Scope};
use crate::{
    db::TenantTx,
    http::ApiError,
    ids::{ApiKeyId, TenantId},
};

/// What SECRETS_KEY is stretched with for this use, so that no other use of it makes the same hashes.
const PURPOSE: &[u8] = b"ga-intelligence api keys 1";

type Hash = [u8; 32];

/// A key that holds, and what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedApiKey {
    pub id: ApiKeyId,
    pub tenant: TenantId,
    /// What of the key may be shown.
    pub prefix: String,
    pub scopes: Vec<Scope>,
    expires_at: Option<DateTime<Utc>>,
}

impl VerifiedApiKey {
    /// # Errors
    /// 403 where the key has not this scope.
    pub fn require(&self, scope: Scope) -> Result<(), ApiError> {
        if self.scopes.contains(&scope) {
            return Ok(());
        }
        Err(ApiError::Forbidden(format!("This needs an API key with the scope {}.", scope.as_str())))
    }

    /// Whether its time is over.
    #[must_use]
    pub fn has_expired(&self) -> bool {
        self.expires_at.is_some_and(|end| end <= Utc::now())
    }

    /// Whether it may do this and nothing else: a key that is put where many can read it must open nothing more.
    #[must_use]
    pub fn is_only(&self, scope: Scope) -> bool {
        self.scopes == [scope]
    }
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    api_key_id: ApiKeyId,
    key_hash: Vec<u8>,
    scopes: Vec<String>,
    expires_at: Option<DateTime<Utc>>,
    expired: bool,
    revoked: bool,
    unused_lately: bool,
}

/// Hashes and verifies the keys of this installation.
pub struct ApiKeys {
    pepper: Hmac<Sha256>,
    /// While SECRETS_KEY is being changed: what keys were hashed with before.
    previous: Option<Hmac<Sha256>>,
}

impl ApiKeys {
    /// With a hashing key derived from SECRETS_KEY: who reads the table alone can test no guess. What was hashed under the
    /// previous SECRETS_KEY still holds, and is hashed anew when it is used.
    #[must_use]
    pub fn new(secrets_key: &SecretString, previous: Option<&SecretString>) -> Self {
        Self { pepper: pepper(secrets_key), previous: previous.map(pepper) }
    }

    /// What a key is known by here.
    ///
    /// # Errors
    /// 401 where it is no key.
    pub(in crate::auth) fn hash_of(&self, key: &str) -> Result<Hash, ApiError> {
        ApiKeyText::parse(key).map(|text| self.hash(&text)).map_err(|_| unknown())
    }

    pub(super) fn hash(&self, key: &ApiKeyText) -> Hash {
        hash(&self.pepper, key)
    }

    /// Whether the stored hash is this key's, and if so, whether it was made under the previous SECRETS_KEY.
    fn compare(&self, stored: &[u8], current: &Hash, key: &ApiKeyText) -> Option<bool> {
        if bool::from(stored.ct_eq(current)) {
            return Some(false);
        }
        let previous = hash(self.previous.as_ref()?, key);
        bool::from(stored.ct_eq(&previous)).then_some(true)
    }

    /// What this key may do. Notes its use, at most once a minute.
    ///
    /// # Errors
    /// 401 where it is none of ours, has expired or was revoked, or its tenant is not active; 503 where the database is
    /// away.
    pub async fn verify(&self, pool: &PgPool, key: &str) -> Result<VerifiedApiKey, ApiError> {
        let text = ApiKeyText::parse(key).map_err(|_| unknown())?;
        let hash = self.hash(&text);
        let tenant = text.tenant();
        let mut tx = TenantTx::begin(pool, tenant).await?;
        let (row, is_old) = sqlx::query_as::<_, KeyRow>(
            "select k.api_key_id, k.key_hash, k.scopes, k.expires_at,
                 coalesce(k.expires_at <= now(), false) as expired,
                 k.revoked_at is not null as revoked,
                 coalesce(k.last_used_at < now() - interval '1 minute', true) as unused_lately
             from api_keys k
             join tenants t on t.tenant_id = k.tenant_id and t.is_active
             where k.tenant_id = $1 and k.prefix = $2",
        )
        .bind(tenant)
        .bind(text.prefix())
        .fetch_optional(tx.conn())
        .await?
        // What the prefix finds is somebody's key; whether it is this one, the hash says.
        .and_then(|row| self.compare(&row.key_hash, &hash, &text).map(|is_old| (row, is_old)))
        .ok_or_else(unknown)?;
        if row.revoked {
            return Err(ApiError::Unauthorized(String::from("The API key was revoked.")));
        }
        if row.expired {
            return Err(ApiError::Unauthorized(String::from("The API key has expired.")));
        }
        if row.unused_lately || is_old {
            sqlx::query(
                "update api_keys set last_used_at = now(), key_hash = $3 where tenant_id = $1 and api_key_id = $2",
            )
            .bind(tenant)
            .bind(row.api_key_id)
            .bind(hash.as_slice())
            .execute(tx.conn())
            .await?;
        }
        tx.commit().await?;
        // A scope that a later release knows is none of this one's.
        let scopes = row.scopes.iter().filter_map(|scope| scope.parse().ok()).collect::<Vec<_>>();
        let prefix = text.prefix().to_owned();
        Ok(VerifiedApiKey { id: row.api_key_id, tenant, prefix, scopes, expires_at: row.expires_at })
    }
}

fn pepper(secrets_key: &SecretString) -> Hmac<Sha256> {
    let mut purpose = keyed(secrets_key.expose_secret().as_bytes());
    purpose.update(PURPOSE);
    keyed(&purpose.finalize().into_bytes())
}

fn hash(pepper: &Hmac<Sha256>, key: &ApiKeyText) -> Hash {
    let mut mac = pepper.clone();
    mac.update(key.secret().expose_secret().as_bytes());
    mac.finalize().into_bytes().into()
}

/// HMAC under a key of any length, which is hashed to the block's size first.
fn keyed(key: &[u8]) -> Hmac<Sha256> {
    let mut block = [0; 64];
    block[..32].copy_from_slice(&Sha256::digest(key));
    Hmac::new(&block.into())
}

fn unknown() -> ApiError {
    ApiError::Unauthorized(String::from("The API key is not one of ours."))
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiKeys").finish_non_exhaustive()
    }
}
