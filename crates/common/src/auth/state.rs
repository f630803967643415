//! What every handler of every service may reach.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use chrono::{DateTime, Utc};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{Access, Claims, Limits, TokenKeys, api_key::ApiKeys, keys};
use crate::{
    config::Settings,
    db::{connect_app, schema},
    http::ApiError,
    ids::{AccountId, SessionId},
    secrets::Sealer,
};

/// Between two looks at who has all of an allowance again.
const FORGET_EVERY: Duration = Duration::from_secs(60);

/// The shared part of a service's state; a service with more of its own implements `FromRef` for it.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Connections of the services' role.
    pub pool: PgPool,
    pub settings: Arc<Settings>,
    pub keys: Arc<TokenKeys>,
    pub api_keys: Arc<ApiKeys>,
    /// What callers may do, remembered.
    pub access: Access,
    /// How often they may ask.
    pub limits: Arc<Limits>,
}

impl AppState {
    #[must_use]
    pub fn new(pool: PgPool, settings: Settings) -> Self {
        let keys = Arc::new(TokenKeys::from_settings(&settings));
        let api_keys = Arc::new(ApiKeys::new(&settings.secrets_key, settings.secrets_key_previous.as_ref()));
        let access = Access::new(pool.clone());
        let limits = Arc::new(Limits::new(&settings.limits));
        Self { pool, settings: Arc::new(settings), keys, api_keys, access, limits }
    }

    /// Until `stop`: hears what changes of callers' access, and forgets those who do not call any more.
    pub async fn keep_fresh(self, stop: CancellationToken) {
        let forgetting = async {
            loop {
                tokio::time::sleep(FORGET_EVERY).await;
                self.limits.forget_idle();
            }
        };
        tokio::select! {
            () = self.access.clone().keep_listening(stop) => {}
            () = forgetting => {}
        }
    }

    /// An access token for a session. Where tokens are signed with key pairs and there is none yet, it is made.
    ///
    /// # Errors
    /// The database is away, or the private half of the pair cannot be opened.
    pub async fn issue_token(
        &self,
        account: AccountId,
        session: SessionId,
        session_expires_at: DateTime<Utc>,
    ) -> Result<(String, Claims), ApiError> {
        let Self { pool, keys, access, settings, .. } = self;
        keys.refresh(pool, access).await?;
        if !keys.can_sign() {
            let sealer = Sealer::from_settings(settings);
            keys::stored::ensure(pool, &sealer, keys.algorithm(), keys.lifetime()).await?;
            keys.read_again(pool, access).await?;
        }
        Ok(keys.issue(account, session, session_expires_at).context("a token could not be signed")?)
    }

    /// The state of a process that is about to work: its database answers and has the schema this build needs.
    ///
    /// # Errors
    /// One line that says what is not as it should be and where it is configured.
    pub async fn connect(settings: Settings, service: &str) -> anyhow::Result<Self> {
        let pool = connect_app(&settings.database, service)
            .await
            .with_context(|| format!("cannot use {}", settings.database.place()))?;
        schema::check(&pool).await?;
        Ok(Self::new(pool, settings))
    }
}
