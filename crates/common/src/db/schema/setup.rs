//! `db setup`: roles, migrations, the job queue's tables and functions, as the owner, one run at a time.

use sqlx::{Connection, PgConnection, PgPool, migrate::Migrator};

use super::{MIGRATIONS, SchemaError, database, functions, lock, newest_migration, roles, status};
use crate::{
    config::{DatabaseSettings, Environment},
    db::connect_owner,
    jobs,
};

/// What a set-up found and did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupReport {
    /// The migration the schema stood at before; 0 for a new database.
    pub from: i64,
    pub to: i64,
    /// Functions applied in this run.
    pub functions: Vec<&'static str>,
    /// What an administrator should look at; nothing that stops the services.
    pub warnings: Vec<String>,
}

/// Brings the database to what this build needs, making it where it does not exist. Safe to run at any time and by
/// several at once.
///
/// Functions whose text changed without a new version are applied, as in DEV; PROD uses [`setup_in`].
///
/// # Errors
/// See [`SchemaError`]; what was applied before the fault stays and the next run goes on from there.
pub async fn setup(settings: &DatabaseSettings) -> Result<SetupReport, SchemaError> {
    setup_in(settings, Environment::Dev).await
}

/// As [`setup`], with the rules of an environment.
///
/// # Errors
/// As [`setup`]; in PROD also a function that changed with its version unchanged.
pub async fn setup_in(settings: &DatabaseSettings, environment: Environment) -> Result<SetupReport, SchemaError> {
    let mut conn = database::connect(settings).await?;
    let pool = connect_owner(settings).await?;
    lock::acquire(&mut conn).await?;
    let result = locked(&pool, &mut conn, settings, environment).await;
    lock::release(&mut conn).await?;
    conn.close().await?;
    pool.close().await;
    result
}

async fn locked(
    pool: &PgPool,
    conn: &mut PgConnection,
    settings: &DatabaseSettings,
    environment: Environment,
) -> Result<SetupReport, SchemaError> {
    let from = status::migration_version(conn).await?.unwrap_or_default();
    roles::ensure(conn, settings).await?;
    // A newer build may have gone ahead of this one: its migrations are left alone, and the versions tell.
    let mut migrations = Migrator::with_migrations(MIGRATIONS.iter().cloned().collect());
    // Our lock is held already; sqlx's own would wait inside a statement.
    migrations.set_locking(false).set_ignore_missing(true);
    migrations.run(pool).await?;
    jobs::install(pool, roles::GROUP).await?;
    sqlx::query("grant select on _sqlx_migrations, schema_functions to ga_services").execute(&mut *conn).await?;
    let functions = functions::apply(conn, environment).await?;
    let warnings = keep_ddl_from_services(conn, &settings.owner_user, &settings.app_user).await?;
    Ok(SetupReport { from, to: newest_migration(), functions, warnings })
}

/// Before PostgreSQL 15 everybody may create tables in `public`.
async fn keep_ddl_from_services(
    conn: &mut PgConnection,
    owner: &str,
    app_user: &str,
) -> Result<Vec<String>, SchemaError> {
    let may_create = "select has_schema_privilege($1, current_schema(), 'create')";
    if sqlx::query_scalar::<_, bool>(may_create).bind(app_user).fetch_one(&mut *conn).await? {
        // Only the schema's owner can, and where that is not us nothing happens but a warning from the server.
        sqlx::raw_sql("revoke create on schema public from public").execute(&mut *conn).await?;
    }
    if sqlx::query_scalar::<_, bool>(may_create).bind(app_user).fetch_one(&mut *conn).await? {
        return Ok(vec![format!(
            "the role {app_user} may create tables; an administrator should run: revoke create on schema public from public;"
        )]);
    }
    let may_use = "select has_schema_privilege($1, current_schema(), 'usage')";
    if !sqlx::query_scalar::<_, bool>(may_use).bind(app_user).fetch_one(&mut *conn).await? {
        return Err(SchemaError::NeedsAdministrator {
            owner: owner.to_owned(),
            lacks: "give the services the schema public",
            sql: format!("grant usage on schema public to {};", roles::GROUP),
        });
    }
    Ok(Vec::new())
}
