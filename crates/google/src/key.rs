//! The key file of a service account: what is in it, and what is wrong with it.

use std::fmt;

use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// A service account that can sign for itself. Shows nothing of its private key.
pub struct ServiceAccountKey {
    client_email: String,
    key_id: String,
    project_id: Option<String>,
    signing: EncodingKey,
    fingerprint: [u8; 32],
}

/// What is wrong with a key file; never a part of its content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("The key file is no JSON (line {line}, column {column}). Upload the file as Google Cloud gave it out.")]
    NotJson { line: usize, column: usize },
    #[error("The key file is JSON, but no object. Upload the file as Google Cloud gave it out.")]
    NotAnObject,
    #[error(
        "The file is no key of a service account: its `type` has to be \"service_account\". Create a JSON key under IAM, \
         Service accounts, Keys."
    )]
    Kind,
    #[error("The key file has no `{0}`, or it is empty or no text.")]
    Missing(&'static str),
    #[error("The `client_email` of the key file is no address of an account.")]
    Email,
    #[error(
        "The `private_key` of the key file cannot be used: it has to be an RSA key in PEM form, of 2048 bits or more."
    )]
    PrivateKey,
}

impl ServiceAccountKey {
    /// Reads a key file. Its `token_uri` and other addresses are ignored: where tokens come from is not the file's to say.
    ///
    /// # Errors
    /// [`KeyError`] names what is wrong with the file.
    pub fn parse(json: &str) -> Result<Self, KeyError> {
        let file: Value = serde_json::from_str(json.trim_start_matches('\u{feff}'))
            .map_err(|error| KeyError::NotJson { line: error.line(), column: error.column() })?;
        let Value::Object(file) = file else { return Err(KeyError::NotAnObject) };
        if text(&file, "type") != Some("service_account") {
            return Err(KeyError::Kind);
        }
        let client_email = text(&file, "client_email").ok_or(KeyError::Missing("client_email"))?;
        let key_id = text(&file, "private_key_id").ok_or(KeyError::Missing("private_key_id"))?;
        let pem = text(&file, "private_key").ok_or(KeyError::Missing("private_key"))?;
        if !client_email.contains('@') || client_email.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(KeyError::Email);
        }
        // Keys that went through a shell or a form have their line ends escaped once more.
        let signing =
            EncodingKey::from_rsa_pem(pem.replace("\\n", "\n").as_bytes()).map_err(|_| KeyError::PrivateKey)?;
        // What cannot sign here would fail at the first token only.
        jsonwebtoken::crypto::sign(b"trial", &signing, Algorithm::RS256).map_err(|_| KeyError::PrivateKey)?;
        Ok(Self {
            fingerprint: fingerprint(client_email, key_id, &signing),
            client_email: client_email.to_owned(),
            key_id: key_id.to_owned(),
            project_id: text(&file, "project_id").map(str::to_owned),
            signing,
        })
    }

    /// Who the key lets in: what people grant roles to.
    #[must_use]
    pub fn client_email(&self) -> &str {
        &self.client_email
    }

    /// Which of the account's keys it is.
    #[must_use]
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// The project the account lives in.
    #[must_use]
    pub fn project_id(&self) -> Option<&str> {
        self.project_id.as_deref()
    }

    pub(crate) fn signing(&self) -> &EncodingKey {
        &self.signing
    }

    /// Tells keys apart, by the private key too: a forged file with another's address and key id shares no token with it.
    pub(crate) fn fingerprint(&self) -> [u8; 32] {
        self.fingerprint
    }
}

impl fmt::Debug for ServiceAccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceAccountKey")
            .field("client_email", &self.client_email)
            .field("key_id", &self.key_id)
            .finish_non_exhaustive()
    }
}

fn text<'f>(file: &'f Map<String, Value>, field: &str) -> Option<&'f str> {
    file.get(field).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty())
}

fn fingerprint(client_email: &str, key_id: &str, signing: &EncodingKey) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [client_email.as_bytes(), key_id.as_bytes(), signing.as_bytes()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}
