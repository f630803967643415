//! A key pair: how one is made, and the forms its halves have outside of this process.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::{KeyPair, KeySize},
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use jsonwebtoken::{
    Algorithm, EncodingKey,
    jwk::{Jwk, PublicKeyUse, ThumbprintHash},
};
use secrecy::{ExposeSecret, SecretString};

/// Why no pair could be made. Says nothing of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairError {
    #[error("{0:?} does not sign with key pairs: JWT_ALGORITHM must be RS256, ES256 or EdDSA")]
    Algorithm(Algorithm),
    #[error("the system's generator made no {0:?} key")]
    Generator(Algorithm),
    #[error("the key is not as its algorithm {0:?} wants it")]
    Form(Algorithm),
}

/// A new pair.
pub(super) struct Pair {
    /// The public half's RFC 7638 thumbprint: the same key always has the same name.
    pub(super) kid: String,
    pub(super) public: Jwk,
    /// PKCS #8 as PEM.
    pub(super) private: SecretString,
}

impl Pair {
    /// Takes up to a second for RSA.
    pub(super) fn generate(algorithm: Algorithm) -> Result<Self, PairError> {
        let failed = |_| PairError::Generator(algorithm);
        let pkcs8: Vec<u8> = match algorithm {
            Algorithm::RS256 => {
                let pair = KeyPair::generate(KeySize::Rsa2048).map_err(failed)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(failed)?;
                der.as_ref().to_vec()
            }
            Algorithm::ES256 => EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
                .map_err(failed)?
                .as_ref()
                .to_vec(),
            Algorithm::EdDSA => {
                Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(failed)?.as_ref().to_vec()
            }
            other => return Err(PairError::Algorithm(other)),
        };
        let private = SecretString::from(pem(&pkcs8));
        let form = |_| PairError::Form(algorithm);
        let mut public =
            Jwk::from_encoding_key(&signing(algorithm, &private).map_err(form)?, algorithm).map_err(form)?;
        let kid = public.thumbprint(ThumbprintHash::SHA256).map_err(form)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { kid, public, private })
    }
}

/// The half that signs, from its PEM.
pub(super) fn signing(algorithm: Algorithm, pem: &SecretString) -> Result<EncodingKey, jsonwebtoken::errors::Error> {
    let pem = pem.expose_secret().as_bytes();
    match algorithm {
        Algorithm::ES256 => EncodingKey::from_ec_pem(pem),
        Algorithm::EdDSA => EncodingKey::from_ed_pem(pem),
        _ => EncodingKey::from_rsa_pem(pem),
    }
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for (at, character) in text.chars().enumerate() {
        if at > 0 && at % 64 == 0 {
            pem.push('\n');
        }
        pem.push(character);
    }
    pem.push_str("\n-----END PRIVATE KEY-----\n");
    pem
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Header, Validation};
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_one_half_signs_the_other_verifies() {
        for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
            let pair = Pair::generate(algorithm).unwrap();
            let key = signing(algorithm, &pair.private).unwrap();
            let claims = json!({ "exp": 4_000_000_000_i64 });
            let token = jsonwebtoken::encode(&Header::new(algorithm), &claims, &key).unwrap();
            let public = serde_json::to_value(&pair.public).unwrap();
            let other: Jwk = serde_json::from_value(public).unwrap();
            let verified = |key: &Jwk| {
                let key = DecodingKey::from_jwk(key).unwrap();
                jsonwebtoken::decode::<Value>(&token, &key, &Validation::new(algorithm)).is_ok()
            };
            assert!(verified(&other), "{algorithm:?}");
            assert!(!verified(&Pair::generate(algorithm).unwrap().public), "{algorithm:?}");
        }
    }

    #[test]
    fn a_secrets_algorithm_has_no_pairs() {
        assert_eq!(Pair::generate(Algorithm::HS256).err(), Some(PairError::Algorithm(Algorithm::HS256)));
    }
}
