//! What every handler of every service may reach.

use std::sync::Arc;

use sqlx::PgPool;

use super::TokenKeys;
use crate::config::Settings;

/// The shared part of a service's state; a service with more of its own implements `FromRef` for it.
#[derive(Debug, Clone)]
pub struct AppState {
    /// Connections of the services' role.
    pub pool: PgPool,
    pub settings: Arc<Settings>,
    pub keys: Arc<TokenKeys>,
}

impl AppState {
    #[must_use]
    pub fn new(pool: PgPool, settings: Settings) -> Self {
        let keys = Arc::new(TokenKeys::from_settings(&settings));
        Self { pool, settings: Arc::new(settings), keys }
    }
}
