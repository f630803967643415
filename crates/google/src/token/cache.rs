//! The tokens at hand, and who asks for the next one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::time::{Duration, Instant};

use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use super::Scope;
use super::exchange::{Granted, Refused, exchange};
use crate::{GoogleError, Pace, ServiceAccountKey};

/// A token is replaced this long before it ends, so that no request starts with one that ends on the way.
const EARLY: Duration = Duration::from_secs(300);

type Name = ([u8; 32], Scope);

/// The tokens of one process.
#[derive(Default)]
pub(crate) struct Tokens {
    slots: Lock<HashMap<Name, Arc<Mutex<Slot>>>>,
}

/// The token of one key and scope. Whoever holds the lock of it asks; the others wait and take what came.
#[derive(Default)]
struct Slot {
    token: Option<Held>,
    failed: Option<(Instant, GoogleError)>,
}

#[derive(Clone)]
struct Held {
    value: SecretString,
    refresh_at: Instant,
    ends_at: Instant,
}

impl Held {
    fn new(Granted { token, lifetime }: Granted, asked: Instant) -> Self {
        // A lifetime that short is nothing Google gives; half of it is then better than asking each time.
        let early = if lifetime > EARLY { EARLY } else { lifetime / 2 };
        Self { value: token, refresh_at: asked + (lifetime - early), ends_at: asked + lifetime }
    }
}

impl Tokens {
    /// A token that is good for some minutes.
    ///
    /// # Errors
    /// [`GoogleError::Denied`] when Google does not take the key or the scope, [`GoogleError::Unavailable`] when its
    /// token endpoint does not answer.
    pub(crate) async fn get(
        &self,
        http: &Client,
        endpoint: &Url,
        pace: Pace,
        key: &ServiceAccountKey,
        scope: Scope,
    ) -> Result<SecretString, GoogleError> {
        let came = Instant::now();
        let slot = self.slot((key.fingerprint(), scope));
        let mut slot = slot.lock().await;
        let old = match &slot.token {
            Some(held) if Instant::now() < held.refresh_at => return Ok(held.value.clone()),
            old => old.clone(),
        };
        if let Some((failed, error)) = &slot.failed
            && *failed >= came
        {
            // Asked and refused while this one waited: asking again for each who waits would take for ever.
            return Err(error.clone());
        }
        let mut pauses = pace.pauses();
        loop {
            let asked = Instant::now();
            let (error, again) = match exchange(http, endpoint, key, scope).await {
                Ok(granted) => {
                    let held = Held::new(granted, asked);
                    let value = held.value.clone();
                    *slot = Slot { token: Some(held), failed: None };
                    return Ok(value);
                }
                Err(Refused::ForGood(error)) => (error, None),
                Err(Refused::ForNow(error)) => match &old {
                    // The endpoint is away, the old token still good: the next request asks again.
                    Some(held) if asked < held.ends_at => return Ok(held.value.clone()),
                    _ => (error, pauses.next()),
                },
            };
            let Some(pause) = again else {
                *slot = Slot { token: None, failed: Some((Instant::now(), error.clone())) };
                return Err(error);
            };
            tracing::debug!(account = key.client_email(), %error, "asking for a token again");
            tokio::time::sleep(pause).await;
        }
    }

    /// Forgets a token that an API refused, unless another has come since.
    pub(crate) async fn forget(&self, key: &ServiceAccountKey, scope: Scope, refused: &SecretString) {
        let slot = self.slot((key.fingerprint(), scope));
        let mut slot = slot.lock().await;
        if slot.token.as_ref().is_some_and(|held| held.value.expose_secret() == refused.expose_secret()) {
            slot.token = None;
        }
    }

    fn slot(&self, name: Name) -> Arc<Mutex<Slot>> {
        // The lock guards a map that each statement leaves whole, so that one panic does not have to end all pulls.
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if !slots.contains_key(&name) {
            // Keys that were replaced leave their tokens behind.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.try_lock().is_ok_and(|slot| slot.is_of_use()));
        }
        Arc::clone(slots.entry(name).or_default())
    }
}

impl Slot {
    fn is_of_use(&self) -> bool {
        self.token.as_ref().is_some_and(|held| Instant::now() < held.ends_at)
    }
}
