//! The key pairs in a process's memory: read from the database when they may have changed, and not for each request.

use std::{
    collections::HashMap,
    sync::{Arc, OnceLock, PoisonError, RwLock},
    time::{Duration, Instant},
};

use chrono::Utc;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, jwk::Jwk};
use serde_json::Value;
use sqlx::PgPool;
use tokio::sync::Mutex;

use super::{
    SignError, TokenError, pair,
    rules::Rules,
    stored::{self, StoredPair},
};
use crate::{
    auth::{Access, claims::Claims},
    secrets::Sealer,
};

/// While no change can be heard, what was read holds so long.
const UNHEARD: Duration = Duration::from_millis(500);
/// Between two looks for a pair that a token names and nobody knows.
const LOOKS: Duration = Duration::from_secs(1);

pub(super) struct Ring {
    algorithm: Algorithm,
    issuer: String,
    sealer: Sealer,
    held: RwLock<Arc<Held>>,
    reading: Mutex<Option<Instant>>,
}

/// What was read at one time.
#[derive(Default)]
struct Held {
    /// The version it was read for, and when.
    read: Option<(u64, Instant)>,
    verifying: HashMap<String, Verifier>,
    signing: Option<Signer>,
}

struct Verifier {
    key: DecodingKey,
    rules: Rules,
    /// In seconds since 1970.
    until: Option<i64>,
    public: Value,
}

struct Signer {
    pair: StoredPair,
    /// Opened where something is signed, and nowhere else.
    key: OnceLock<EncodingKey>,
}

impl Ring {
    pub(super) fn new(algorithm: Algorithm, issuer: String, sealer: Sealer) -> Self {
        Self { algorithm, issuer, sealer, held: RwLock::default(), reading: Mutex::default() }
    }

    fn held(&self) -> Arc<Held> {
        Arc::clone(&self.held.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn can_sign(&self) -> bool {
        self.held().signing.is_some()
    }

    pub(super) fn sign(&self, claims: &Claims) -> Result<String, SignError> {
        let held = self.held();
        let signer = held.signing.as_ref().ok_or(SignError::NoPair(self.algorithm))?;
        let kid = &signer.pair.kid;
        let key = match signer.key.get() {
            Some(key) => key,
            None => {
                let pem = signer.pair.private(&self.sealer).map_err(|error| SignError::Sealed(kid.clone(), error))?;
                let opened = pair::signing(self.algorithm, &pem)?;
                signer.key.get_or_init(|| opened)
            }
        };
        let header = Header { kid: Some(kid.clone()), ..Header::new(self.algorithm) };
        Ok(jsonwebtoken::encode(&header, claims, key)?)
    }

    pub(super) fn verify(&self, token: &str) -> Result<Claims, TokenError> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| TokenError::Invalid)?;
        let kid = header.kid.ok_or(TokenError::Invalid)?;
        let held = self.held();
        let verifier = held.verifying.get(&kid).ok_or(TokenError::UnknownKey)?;
        if verifier.has_ended() {
            return Err(TokenError::Invalid);
        }
        // The rules name the pair's own algorithm, so that a token's word for it counts for nothing.
        verifier.rules.verify(token, &verifier.key)
    }

    pub(super) fn public_keys(&self) -> Vec<Value> {
        let held = self.held();
        let mut keys: Vec<_> = held.verifying.iter().filter(|(_, verifier)| !verifier.has_ended()).collect();
        keys.sort_by_key(|(kid, verifier)| (verifier.until.unwrap_or(i64::MIN), *kid));
        keys.into_iter().map(|(_, verifier)| verifier.public.clone()).collect()
    }

    pub(super) async fn refresh(&self, pool: &PgPool, access: &Access) -> Result<(), sqlx::Error> {
        if self.is_fresh(access) {
            return Ok(());
        }
        let _reading = self.reading.lock().await;
        // Whoever waited before us may have read them.
        if self.is_fresh(access) { Ok(()) } else { self.read(pool, access).await }
    }

    pub(super) async fn look_again(&self, pool: &PgPool, access: &Access) -> Result<bool, sqlx::Error> {
        let mut looked = self.reading.lock().await;
        if looked.is_some_and(|at| at.elapsed() < LOOKS) {
            return Ok(false);
        }
        *looked = Some(Instant::now());
        self.read(pool, access).await?;
        Ok(true)
    }

    pub(super) async fn read_again(&self, pool: &PgPool, access: &Access) -> Result<(), sqlx::Error> {
        let _reading = self.reading.lock().await;
        self.read(pool, access).await
    }

    fn is_fresh(&self, access: &Access) -> bool {
        self.held().read.is_some_and(|(version, at)| {
            if access.is_hearing() { version == access.keys_version() } else { at.elapsed() < UNHEARD }
        })
    }

    async fn read(&self, pool: &PgPool, access: &Access) -> Result<(), sqlx::Error> {
        // Before the question: what changes after it makes another version.
        let (version, at) = (access.keys_version(), Instant::now());
        let mut held = Held { read: Some((version, at)), ..Held::default() };
        for pair in stored::in_force(pool).await? {
            match self.verifier(&pair) {
                Some(verifier) => drop(held.verifying.insert(pair.kid.clone(), verifier)),
                None => tracing::error!(kid = pair.kid, "a stored public key cannot be read; its tokens are refused"),
            }
            let signs =
                pair.retired_at.is_none() && stored::name(self.algorithm).is_ok_and(|name| name == pair.algorithm);
            if signs && held.signing.is_none() {
                held.signing = Some(Signer { pair, key: OnceLock::new() });
            }
        }
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(held);
        Ok(())
    }

    fn verifier(&self, pair: &StoredPair) -> Option<Verifier> {
        let jwk: Jwk = serde_json::from_value(pair.public_jwk.clone()).ok()?;
        let algorithm: Algorithm = pair.algorithm.parse().ok()?;
        // Only what [`stored`] writes: never a secret, whoever put the row there.
        stored::name(algorithm).ok()?;
        Some(Verifier {
            key: DecodingKey::from_jwk(&jwk).ok()?,
            rules: Rules::new(algorithm, &self.issuer),
            until: pair.verifies_until.map(|until| until.timestamp()),
            public: pair.public_jwk.clone(),
        })
    }
}

impl Verifier {
    fn has_ended(&self) -> bool {
        self.until.is_some_and(|until| until <= Utc::now().timestamp())
    }
}
