//! Tokens signed with a shared secret, the algorithms HS…; a former secret still verifies while it is being changed.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};

use super::{TokenError, rules::Rules};
use crate::auth::claims::Claims;

pub(super) struct Secrets {
    header: Header,
    signing: EncodingKey,
    verifying: DecodingKey,
    previous: Option<DecodingKey>,
    rules: Rules,
}

impl Secrets {
    pub(super) fn new(
        algorithm: Algorithm,
        current: &SecretString,
        previous: Option<&SecretString>,
        rules: Rules,
    ) -> Self {
        let key = |secret: &SecretString| DecodingKey::from_secret(secret.expose_secret().as_bytes());
        Self {
            header: Header::new(algorithm),
            signing: EncodingKey::from_secret(current.expose_secret().as_bytes()),
            verifying: key(current),
            previous: previous.map(key),
            rules,
        }
    }

    pub(super) fn sign(&self, claims: &Claims) -> Result<String, jsonwebtoken::errors::Error> {
        jsonwebtoken::encode(&self.header, claims, &self.signing)
    }

    pub(super) fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        match (self.rules.verify(token, &self.verifying), &self.previous) {
            // Expired is said of tokens whose signature holds, and of no other.
            (Err(TokenError::Invalid), Some(previous)) => self.rules.verify(token, previous),
            (verdict, _) => verdict,
        }
    }
}
