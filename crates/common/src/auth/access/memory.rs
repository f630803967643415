//! What is remembered of callers, for how long, and what a notice makes it forget.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use chrono::Utc;

use super::Standing;
use crate::{
    auth::VerifiedApiKey,
    ids::{AccountId, ApiKeyId, SessionId, TenantId},
};

/// A beat older than this proves nothing any more. Below a second, in which every change has to take effect.
const BEAT_HOLDS: Duration = Duration::from_millis(800);
/// Nothing is remembered longer, whatever is heard.
const REMEMBERED: Duration = Duration::from_secs(60);
/// Entries of a kind. Past it those that are old go, and then nothing new is kept.
const MOST: usize = 50_000;

type KeyHash = [u8; 32];

/// Something that ended or changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    Session(SessionId),
    Account(AccountId),
    Tenant(TenantId),
    Member(TenantId, AccountId),
    ApiKey(TenantId, ApiKeyId),
    /// It is not known what.
    Anything,
}

/// When a question to the database was begun: its answer may be older than a notice that came meanwhile.
#[derive(Debug)]
pub(super) struct Asked {
    notices: u64,
}

#[derive(Default)]
pub(super) struct Memory(Mutex<Content>);

#[derive(Default)]
struct Content {
    standings: HashMap<(SessionId, Option<TenantId>), (Instant, AccountId, Standing)>,
    keys: HashMap<KeyHash, (Instant, VerifiedApiKey)>,
    /// How many notices have come.
    notices: u64,
    /// When the newest beat that came back was sent.
    beat: Option<Instant>,
}

impl Content {
    fn hears(&self) -> bool {
        self.beat.is_some_and(|beat| beat.elapsed() < BEAT_HOLDS)
    }
}

impl Memory {
    fn content(&self) -> MutexGuard<'_, Content> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_hearing(&self) -> bool {
        self.content().hears()
    }

    pub(super) fn beat(&self, sent: Instant) {
        self.content().beat = Some(sent);
    }

    /// The channel is lost: nothing that is known holds, and nothing is kept until a beat comes back.
    pub(super) fn deaf(&self) {
        self.content().beat = None;
        self.forget(Change::Anything);
    }

    pub(super) fn asking(&self) -> Asked {
        Asked { notices: self.content().notices }
    }

    pub(super) fn standing(
        &self,
        account: AccountId,
        session: SessionId,
        tenant: Option<TenantId>,
    ) -> Option<Standing> {
        let content = self.content();
        let (since, of, standing) = content.standings.get(&(session, tenant))?;
        let holds = content.hears()
            && since.elapsed() < REMEMBERED
            && *of == account
            && (!standing.alive || standing.expires_at > Utc::now().timestamp());
        holds.then(|| standing.clone())
    }

    pub(super) fn keep_standing(
        &self,
        asked: &Asked,
        account: AccountId,
        session: SessionId,
        tenant: Option<TenantId>,
        standing: &Standing,
    ) {
        let mut content = self.content();
        // A session that has ended never comes back and costs strangers nothing to name: it is not kept.
        if !standing.alive || content.notices != asked.notices || !content.hears() {
            return;
        }
        make_room(&mut content.standings, |(since, ..)| since);
        if content.standings.len() < MOST {
            content.standings.insert((session, tenant), (Instant::now(), account, standing.clone()));
        }
    }

    pub(super) fn key(&self, hash: &KeyHash) -> Option<VerifiedApiKey> {
        let content = self.content();
        let (since, key) = content.keys.get(hash)?;
        (content.hears() && since.elapsed() < REMEMBERED && !key.has_expired()).then(|| key.clone())
    }

    pub(super) fn keep_key(&self, asked: &Asked, hash: KeyHash, key: &VerifiedApiKey) {
        let mut content = self.content();
        if content.notices != asked.notices || !content.hears() {
            return;
        }
        make_room(&mut content.keys, |(since, _)| since);
        if content.keys.len() < MOST {
            content.keys.insert(hash, (Instant::now(), key.clone()));
        }
    }

    /// Forgets what the change may have made wrong.
    pub(super) fn forget(&self, change: Change) {
        let mut content = self.content();
        content.notices += 1;
        content.standings.retain(|(session, tenant), (_, account, _)| match change {
            Change::Session(changed) => *session != changed,
            Change::Account(changed) => *account != changed,
            Change::Tenant(changed) => *tenant != Some(changed),
            Change::Member(of, changed) => *tenant != Some(of) || *account != changed,
            Change::ApiKey(..) => true,
            Change::Anything => false,
        });
        content.keys.retain(|_, (_, key)| match change {
            Change::Tenant(changed) => key.tenant != changed,
            Change::ApiKey(of, changed) => key.tenant != of || key.id != changed,
            Change::Session(_) | Change::Account(_) | Change::Member(..) => true,
            Change::Anything => false,
        });
    }
}

fn make_room<K, V>(entries: &mut HashMap<K, V>, since: impl Fn(&V) -> &Instant) {
    if entries.len() >= MOST {
        entries.retain(|_, entry| since(entry).elapsed() < REMEMBERED);
    }
}
