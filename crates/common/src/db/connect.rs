//! Opens pools for the two roles.

use std::time::Duration;

use sqlx::{
    Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use tokio::time::timeout;

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
    answers(&options).await?;
    let pool = PgPoolOptions::new()
        .max_connections(settings.max_connections())
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE_TIMEOUT)
        .connect_lazy_with(options);
    Ok(pool)
}

/// A small pool of the schema's owner, without a statement timeout: set-up may take its time.
///
/// # Errors
/// The database does not answer or refuses the role.
pub async fn connect_owner(settings: &DatabaseSettings) -> Result<PgPool, sqlx::Error> {
    let options = session(settings.owner_options(), "db-setup");
    answers(&options).await?;
    Ok(PgPoolOptions::new().max_connections(4).acquire_timeout(ACQUIRE_TIMEOUT).connect_lazy_with(options))
}

/// One connection outside the pool, which would try again and again and then only say that time ran out.
async fn answers(options: &PgConnectOptions) -> Result<(), sqlx::Error> {
    let connecting = PgConnection::connect_with(options);
    timeout(ACQUIRE_TIMEOUT, connecting).await.map_err(|_| sqlx::Error::PoolTimedOut)??.close().await
}

fn session(options: PgConnectOptions, name: &str) -> PgConnectOptions {
    options.application_name(name).options([
        ("TimeZone", "UTC"),
        ("DateStyle", "ISO"),
        // Loading stages a day in temporary tables; without room every pass over them goes through files.
        ("temp_buffers", "128MB"),
        // Compiling a plan costs more than any of our statements takes.
        ("jit", "off"),
        ("idle_in_transaction_session_timeout", "300s"),
        ("client_min_messages", "warning"),
    ])
}
