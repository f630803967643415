//! Opens pools for the two roles.

use std::time::Duration;

use sqlx::{
    PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::config::DatabaseSettings;

/// The longest any statement of a service may run.
const STATEMENT_TIMEOUT: &str = "30s";
/// How long a request waits for a free connection before it is told that the database is away.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
const IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// A pool of the services' role, named `service` in pg_stat_activity. Connects once, so a wrong password shows here.
///
/// # Errors
/// The database does not answer or refuses the role.
pub async fn connect_app(settings: &DatabaseSettings, service: &str) -> Result<PgPool, sqlx::Error> {
    let options = session(settings.app_options(), service).options([("statement_timeout", STATEMENT_TIMEOUT)]);
    PgPoolOptions::new()
        .max_connections(settings.max_connections())
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE_TIMEOUT)
        .connect_with(options)
        .await
}

/// A small pool of the schema's owner, without a statement timeout: set-up may take its time.
///
/// # Errors
/// The database does not answer or refuses the role.
pub async fn connect_owner(settings: &DatabaseSettings) -> Result<PgPool, sqlx::Error> {
    PgPoolOptions::new()
        .max_connections(4)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(session(settings.owner_options(), "db-setup"))
        .await
}

fn session(options: PgConnectOptions, name: &str) -> PgConnectOptions {
    options
        .application_name(name)
        .options([("TimeZone", "UTC"), ("idle_in_transaction_session_timeout", "300s"), ("client_min_messages", "warning")])
}
