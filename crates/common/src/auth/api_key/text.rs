//! An API key as text: `gak_<tenant, 32 hex digits>_<43 base64url characters>`.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::ids::TenantId;

/// Names the kind of secret, for people and for scanners that look for leaked ones.
const MARK: &str = "gak_";
const TENANT_DIGITS: usize = 32;
/// 256 random bits.
const RANDOM_CHARS: usize = 43;
/// So many of the random characters are shown with the key's name; the other 210 bits stay the holder's.
const SHOWN_CHARS: usize = 8;
const SHOWN: usize = MARK.len() + TENANT_DIGITS + 1 + SHOWN_CHARS;

/// A well-formed key: good or not, only its row tells.
#[derive(Clone)]
pub struct ApiKeyText {
    tenant: TenantId,
    text: SecretString,
}

/// Not the form of a key. Says nothing of what was given: it may be another secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is not the form of an API key")]
pub struct MalformedApiKey;

impl ApiKeyText {
    /// A new random key of this tenant.
    #[must_use]
    pub fn generate(tenant: TenantId) -> Self {
        let random = URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
        Self { tenant, text: format!("{MARK}{}_{random}", tenant.0.simple()).into() }
    }

    /// Reads a key that somebody shows.
    ///
    /// # Errors
    /// It has not the form of one.
    pub fn parse(text: &str) -> Result<Self, MalformedApiKey> {
        let (tenant, random) = text.strip_prefix(MARK).and_then(|rest| rest.split_once('_')).ok_or(MalformedApiKey)?;
        let is_hex = tenant.len() == TENANT_DIGITS && tenant.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let is_random =
            random.len() == RANDOM_CHARS && random.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !is_hex || !is_random {
            return Err(MalformedApiKey);
        }
        let tenant = Uuid::try_parse(tenant).map_err(|_| MalformedApiKey)?;
        Ok(Self { tenant: TenantId(tenant), text: text.into() })
    }

    /// Whose key it says it is.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The part that may be shown and by which the key's row is found.
    #[must_use]
    pub fn prefix(&self) -> &str {
        // All of it is ASCII and longer than this.
        self.text.expose_secret().get(..SHOWN).unwrap_or_default()
    }

    /// The whole key.
    #[must_use]
    pub const fn secret(&self) -> &SecretString {
        &self.text
    }
}

impl fmt::Debug for ApiKeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKeyText({}…)", self.prefix())
    }
}
