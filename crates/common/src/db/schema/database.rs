//! Makes the database itself where it does not exist yet and the owner may.

use std::time::Duration;

use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, error::DatabaseError};
use tokio::time::sleep;

use super::{SchemaError, roles::identifier};
use crate::config::DatabaseSettings;

const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// The owner's connection for a set-up.
///
/// # Errors
/// The server does not answer; or the database is missing and the owner may not make it.
pub(super) async fn connect(settings: &DatabaseSettings) -> Result<PgConnection, SchemaError> {
    // Its statements are not logged: one of them sets a password.
    let options = settings.owner_options().application_name("db-setup").disable_statement_logging();
    match PgConnection::connect_with(&options).await {
        Err(error) if code(&error) == "3D000" => {
            create(settings).await?;
            Ok(PgConnection::connect_with(&options).await?)
        }
        other => Ok(other?),
    }
}

async fn create(settings: &DatabaseSettings) -> Result<(), SchemaError> {
    let DatabaseSettings { database, owner_user, .. } = settings;
    let mut conn = PgConnection::connect_with(&settings.owner_options().database("postgres")).await?;
    let sql = format!("create database {}", identifier(database));
    let mut tries = 0;
    loop {
        tries += 1;
        let result = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut conn).await;
        match result.as_ref().map_err(code) {
            Ok(_) => break,
            // Another run made it, or is just making it from the same template.
            Err(code) if code == "42P04" || code == "23505" => break,
            Err(code) if code == "55006" && tries < TRIES => sleep(PAUSE).await,
            Err(code) if code == "42501" => {
                return Err(SchemaError::NeedsAdministrator {
                    owner: owner_user.clone(),
                    lacks: "create databases",
                    sql: format!("{sql} owner {};", identifier(owner_user)),
                });
            }
            Err(_) => return result.map(|_| ()).map_err(SchemaError::from),
        }
    }
    conn.close().await?;
    Ok(())
}

fn code(error: &sqlx::Error) -> String {
    error.as_database_error().and_then(DatabaseError::code).unwrap_or_default().into_owned()
}
