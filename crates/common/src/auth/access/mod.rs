//! What callers may do, remembered, so that a request costs no query; and forgotten within a second when it changes.
//!
//! The database tells every change (`NOTIFY access_changed`, by triggers, whoever made it). What is remembered is only relied
//! on while the channel is known to work: each process sends itself a beat through the database, and its return proves that
//! everything committed before it was heard. Without a beat, each request asks the database.

mod memory;
mod notices;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use self::memory::Memory;
use super::{ApiKeys, Role, VerifiedApiKey};
use crate::{
    db::AccountTx,
    http::ApiError,
    ids::{AccountId, SessionId, TenantId},
};

/// What a session is worth in a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The session lasts and its account is active.
    pub alive: bool,
    /// The role in the tenant; none where the person is no member, or the tenant is not active.
    pub role: Option<Role>,
    /// The branches a member is limited to; none = all.
    pub branches: Option<Vec<String>>,
    /// The person's e-mail address.
    pub email: String,
    /// When the session ends by itself, in seconds since 1970.
    expires_at: i64,
}

#[derive(sqlx::FromRow)]
struct StandingRow {
    expires_at: Option<i64>,
    email: Option<String>,
    role: Option<Role>,
    branches: Option<Vec<String>>,
    unseen: bool,
}

/// The memory of a process.
#[derive(Clone)]
pub struct Access(Arc<Inner>);

struct Inner {
    pool: PgPool,
    memory: Memory,
    /// Counts up when keys that sign tokens may have changed.
    keys_version: AtomicU64,
}

impl Access {
    /// An empty memory, which asks the database until [`Access::keep_listening`] hears it.
    #[must_use]
    pub fn new(pool: PgPool) -> Self {
        Self(Arc::new(Inner { pool, memory: Memory::default(), keys_version: AtomicU64::new(0) }))
    }

    /// What this session is worth; `tenant` `None` = only whether it lasts.
    ///
    /// # Errors
    /// 503 where the database has to be asked and is away.
    pub async fn standing(
        &self,
        account: AccountId,
        session: SessionId,
        tenant: Option<TenantId>,
    ) -> Result<Standing, ApiError> {
        if let Some(standing) = self.0.memory.standing(account, session, tenant) {
            return Ok(standing);
        }
        let asked = self.0.memory.asking();
        let (standing, unseen) = read_standing(&self.0.pool, account, session, tenant).await?;
        if unseen {
            see(&self.0.pool, session).await;
        }
        self.0.memory.keep_standing(&asked, account, session, tenant, &standing);
        Ok(standing)
    }

    /// What an API key may do.
    ///
    /// # Errors
    /// 401 where it is none of ours, has expired or was revoked; 503 where the database has to be asked and is away.
    pub async fn api_key(&self, keys: &ApiKeys, key: &str) -> Result<VerifiedApiKey, ApiError> {
        let hash = keys.hash_of(key)?;
        if let Some(known) = self.0.memory.key(&hash) {
            return Ok(known);
        }
        let asked = self.0.memory.asking();
        let verified = keys.verify(&self.0.pool, key).await?;
        self.0.memory.keep_key(&asked, hash, &verified);
        Ok(verified)
    }

    /// Listens for changes until `stop`; without it nothing is remembered.
    pub async fn keep_listening(self, stop: CancellationToken) {
        notices::keep_listening(&self.0, &stop).await;
    }

    /// Whether what is remembered is relied on now.
    #[must_use]
    pub fn is_hearing(&self) -> bool {
        self.0.memory.is_hearing()
    }

    /// Another number whenever keys that sign tokens may have changed.
    pub(super) fn keys_version(&self) -> u64 {
        self.0.keys_version.load(Ordering::Acquire)
    }
}

/// The session's life and the membership, in one query under the person's own policy; and whether nobody has seen the session
/// for a while.
async fn read_standing(
    pool: &PgPool,
    account: AccountId,
    session: SessionId,
    tenant: Option<TenantId>,
) -> Result<(Standing, bool), ApiError> {
    let mut tx = AccountTx::begin(pool, account).await?;
    let row = sqlx::query_as::<_, StandingRow>(
        "select
             (select extract(epoch from s.expires_at)::bigint
              from auth_sessions s
              join accounts a on a.account_id = s.account_id and a.is_active
              where s.session_id = $1 and s.account_id = $2 and s.ended_at is null and s.expires_at > now()) as expires_at,
             (select a.email from accounts a where a.account_id = $2) as email,
             m.role,
             m.branches,
             exists (
                 select from auth_sessions s
                 where s.session_id = $1 and s.account_id = $2 and s.ended_at is null
                     and s.last_seen_at < now() - interval '5 minutes') as unseen
         from (values (1)) as always (one)
         left join (
             memberships m
             join tenants t on t.tenant_id = m.tenant_id and t.is_active
         ) on m.tenant_id = $3 and m.account_id = $2",
    )
    .bind(session)
    .bind(account)
    .bind(tenant)
    .fetch_one(tx.conn())
    .await?;
    let StandingRow { expires_at, email, role, branches, unseen } = row;
    let standing = Standing {
        alive: expires_at.is_some(),
        role,
        branches,
        email: email.unwrap_or_default(),
        expires_at: expires_at.unwrap_or_default(),
    };
    Ok((standing, unseen))
}

/// Notes that the session is in use: for people who look where they are signed in, so a request does not fail for it.
async fn see(pool: &PgPool, session: SessionId) {
    let seen = sqlx::query(
        "update auth_sessions set last_seen_at = now()
         where session_id = $1 and last_seen_at < now() - interval '5 minutes'",
    )
    .bind(session)
    .execute(pool)
    .await;
    if let Err(error) = seen {
        tracing::warn!(%error, "that a session is in use could not be noted");
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("hearing", &self.is_hearing()).finish_non_exhaustive()
    }
}
