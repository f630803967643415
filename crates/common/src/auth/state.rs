//! What every handler of every service may reach.

use std::sync::Arc;

use anyhow::Context;
use sqlx::PgPool;

use super::{TokenKeys, api_key::ApiKeys};
use crate::{
    config::Settings,
    db::{connect_app, schema},
};

/// The shared part of a service's state; a service with more of its own implements `FromRef` for it.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Connections of the services' role.
    pub pool: PgPool,
    pub settings: Arc<Settings>,
    pub keys: Arc<TokenKeys>,
    pub api_keys: Arc<ApiKeys>,
}

impl AppState {
    #[must_use]
    pub fn new(pool: PgPool, settings: Settings) -> Self {
        let keys = Arc::new(TokenKeys::from_settings(&settings));
        let api_keys = Arc::new(ApiKeys::new(&settings.secrets_key, settings.secrets_key_previous.as_ref()));
        Self { pool, settings: Arc::new(settings), keys, api_keys }
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
