//! The key that seals, derived from the operator's text, and its name.

use chacha20poly1305::{
    XChaCha20Poly1305,
    aead::{Aead, KeyInit, Payload},
};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

pub(super) const NONCE_LENGTH: usize = 24;
/// Tells keys apart. 32 bits of a hash: too few to find a key by, enough to know a changed one.
pub(super) type KeyId = [u8; 4];

const SEALING: &[u8] = b"ga-intelligence sealing key 1";
const NAMING: &[u8] = b"ga-intelligence key id 1";

#[derive(Clone)]
pub(super) struct SealingKey {
    pub(super) id: KeyId,
    cipher: XChaCha20Poly1305,
}

impl SealingKey {
    /// The text may have any length; what it is worth depends on how it was made (`openssl rand -hex 32`).
    pub(super) fn derive(text: &SecretString) -> Self {
        let name = labelled(text, NAMING);
        let mut id = KeyId::default();
        id.copy_from_slice(&name[..size_of::<KeyId>()]);
        Self { id, cipher: XChaCha20Poly1305::new(&labelled(text, SEALING).into()) }
    }

    pub(super) fn encrypt(&self, nonce: &[u8; NONCE_LENGTH], plain: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        self.cipher.encrypt(&(*nonce).into(), Payload { msg: plain, aad: context }).ok()
    }

    pub(super) fn decrypt(&self, nonce: &[u8; NONCE_LENGTH], ciphertext: &[u8], context: &[u8]) -> Option<Vec<u8>> {
        self.cipher.decrypt(&(*nonce).into(), Payload { msg: ciphertext, aad: context }).ok()
    }
}

/// HMAC-SHA256 of a label under SHA-256 of the text: other labels make keys that have nothing to do with each other.
fn labelled(text: &SecretString, label: &[u8]) -> [u8; 32] {
    let digest = Sha256::digest(text.expose_secret().as_bytes());
    // A block of the hash, filled up with zeros, is how HMAC takes a shorter key.
    let mut block = hmac::digest::Key::<Hmac<Sha256>>::default();
    block[..digest.len()].copy_from_slice(&digest);
    let mut mac = <Hmac<Sha256> as KeyInit>::new(&block);
    mac.update(label);
    mac.finalize().into_bytes().into()
}
