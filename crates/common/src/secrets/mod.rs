//! Seals what the database must hold and nobody must read in it: passwords, service-account keys.
//!
//! A sealed value is a version byte, four bytes that name the key, a random nonce of 24 bytes and the XChaCha20-Poly1305
//! ciphertext. It opens for the tenant and the purpose it was sealed for and for no other, so a value that was copied into
//! another row or column is as good as damaged.

mod key;
#[cfg(test)]
mod tests;

use std::fmt;

use secrecy::{SecretSlice, SecretString};

use self::key::{KeyId, NONCE_LENGTH, SealingKey};
use crate::{config::Settings, ids::TenantId};

/// The form written here. Another one would be told by its first byte.
const VERSION: u8 = 1;
const KEY_ID_AT: usize = 1;
const NONCE_AT: usize = KEY_ID_AT + size_of::<KeyId>();
const CIPHERTEXT_AT: usize = NONCE_AT + NONCE_LENGTH;

/// Why something could not be sealed or opened. Says nothing of the content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The value is whole as far as can be told, and its key is not here.
    #[error(
        "it was sealed with another SECRETS_KEY: set SECRETS_KEY_PREVIOUS to the key of that time, or enter the secret again"
    )]
    OtherKey,
    /// Changed, cut, or sealed for another tenant or purpose.
    #[error("it is damaged, or was sealed for another tenant or purpose: enter the secret again")]
    Damaged,
    /// Sealed by a later build.
    #[error(
        "it has the form {0}, which this build does not know: run the build that sealed it, or enter the secret again"
    )]
    Version(u8),
    /// More than the cipher takes (some 256 GB).
    #[error("it is too long to be sealed")]
    TooLong,
}

/// Seals with SECRETS_KEY; opens what was sealed with it or with SECRETS_KEY_PREVIOUS.
#[derive(Clone)]
pub struct Sealer {
    current: SealingKey,
    previous: Option<SealingKey>,
}

impl Sealer {
    #[must_use]
    pub fn from_settings(settings: &Settings) -> Self {
        Self {
            current: SealingKey::derive(&settings.secrets_key),
            previous: settings.secrets_key_previous.as_ref().map(SealingKey::derive),
        }
    }

    /// Seals `plain` for this tenant and purpose (the column's name). The same value sealed twice differs.
    ///
    /// # Errors
    /// [`SealError::TooLong`].
    pub fn seal(&self, tenant: TenantId, purpose: &str, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_LENGTH] = rand::random();
        let mut sealed = vec![VERSION];
        sealed.extend_from_slice(&self.current.id);
        let context = context(&sealed, tenant, purpose);
        let ciphertext = self.current.encrypt(&nonce, plain, &context).ok_or(SealError::TooLong)?;
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        Ok(sealed)
    }

    /// Opens what [`Sealer::seal`] made for the same tenant and purpose.
    ///
    /// # Errors
    /// The key is another one, or the value is not as it was sealed.
    pub fn open(&self, tenant: TenantId, purpose: &str, sealed: &[u8]) -> Result<SecretSlice<u8>, SealError> {
        let version = *sealed.first().ok_or(SealError::Damaged)?;
        if version != VERSION {
            return Err(SealError::Version(version));
        }
        let header = sealed.get(..NONCE_AT).ok_or(SealError::Damaged)?;
        let nonce = sealed.get(NONCE_AT..CIPHERTEXT_AT).and_then(|nonce| nonce.try_into().ok());
        let nonce: &[u8; NONCE_LENGTH] = nonce.ok_or(SealError::Damaged)?;
        let key = self.key(&header[KEY_ID_AT..]).ok_or(SealError::OtherKey)?;
        key.decrypt(nonce, &sealed[CIPHERTEXT_AT..], &context(header, tenant, purpose))
            .map(SecretSlice::from)
            .ok_or(SealError::Damaged)
    }

    /// The same for a text.
    ///
    /// # Errors
    /// As for [`Sealer::open`]; what was sealed is no text.
    pub fn open_text(&self, tenant: TenantId, purpose: &str, sealed: &[u8]) -> Result<SecretString, SealError> {
        use secrecy::ExposeSecret;

        let plain = self.open(tenant, purpose, sealed)?;
        let text = std::str::from_utf8(plain.expose_secret()).map_err(|_| SealError::Damaged)?;
        Ok(SecretString::from(text))
    }

    /// Whether a value has to be sealed again before SECRETS_KEY_PREVIOUS can go.
    #[must_use]
    pub fn is_of_previous_key(&self, sealed: &[u8]) -> bool {
        sealed.get(KEY_ID_AT..NONCE_AT).is_some_and(|id| id != self.current.id)
    }

    fn key(&self, id: &[u8]) -> Option<&SealingKey> {
        [Some(&self.current), self.previous.as_ref()].into_iter().flatten().find(|key| key.id == id)
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

/// What the ciphertext is bound to besides its content. A tenant's id has a fixed length, so no two contexts are alike.
fn context(header: &[u8], tenant: TenantId, purpose: &str) -> Vec<u8> {
    [header, tenant.uuid().as_bytes(), purpose.as_bytes()].concat()
}
