//! A database per test, on a real PostgreSQL, copied from a template that is set up once per state of the schema.

use std::time::{SystemTime, UNIX_EPOCH};

use common::config::DatabaseSettings;
use common::db::{connect_app, connect_owner, schema};
use secrecy::SecretString;
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool};
use uuid::Uuid;

/// The services' role in tests: no superuser, owns nothing, held by row-level security.
pub const APP_USER: &str = "analytics_app_test";
const APP_PASSWORD: &str = "only on the test cluster";
/// Databases of tests begin with it; after it the second they were made in.
const PREFIX: &str = "ga_test_";
/// A database this old was left by a run that was killed.
const LEFT_OVER_AFTER: u64 = 3600;
/// Guards the making of templates.
const TEMPLATE_LOCK: i64 = 7_104_221;

/// A fresh database with the product's schema; dropped with this value.
#[derive(Debug)]
pub struct TestDb {
    /// As the schema's owner.
    pub owner: PgPool,
    /// As the services' role.
    pub app: PgPool,
    /// What a service needs to connect to it.
    pub settings: DatabaseSettings,
}

impl TestDb {
    /// Makes the database.
    ///
    /// # Panics
    /// Without the variables TEST_POSTGRES_* (`make test` sets them), or when the server does not do what it is asked.
    #[must_use]
    pub async fn new() -> Self {
        let mut settings = server();
        let template = template(&settings).await;
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_secs()).unwrap_or_default();
        settings.database = format!("{PREFIX}{seconds}_{}", Uuid::new_v4().simple());
        let mut maintenance = maintenance(&settings).await;
        run(&mut maintenance, format!("create database {} template {template}", settings.database)).await;
        let _ = maintenance.close().await;
        let owner = connect_owner(&settings).await.expect("the test database takes its owner");
        let app = connect_app(&settings, "test").await.expect("the test database takes the services' role");
        Self { owner, app, settings }
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let settings = self.settings.clone();
        // Dropping cannot wait, and the test's own runtime may be gone: a thread with one of its own.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            if let Ok(runtime) = runtime {
                runtime.block_on(async {
                    let mut maintenance = maintenance(&settings).await;
                    run(&mut maintenance, format!("drop database if exists {} with (force)", settings.database)).await;
                });
            }
        });
        if dropped.join().is_err() {
            eprintln!("a test database was left behind; a later run removes it");
        }
    }
}

/// Where the tests' PostgreSQL is.
///
/// # Panics
/// Without the variables TEST_POSTGRES_*.
#[must_use]
pub fn server() -> DatabaseSettings {
    let variable = |name: &str| {
        std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run `make test`, which brings a PostgreSQL of its own"))
    };
    DatabaseSettings {
        host: variable("TEST_POSTGRES_HOST"),
        port: variable("TEST_POSTGRES_PORT").parse().expect("TEST_POSTGRES_PORT is a port"),
        owner_user: variable("TEST_POSTGRES_USER"),
        owner_password: SecretString::from(variable("TEST_POSTGRES_PASSWORD")),
        app_user: APP_USER.to_owned(),
        app_password: SecretString::from(APP_PASSWORD),
        database: String::from("postgres"),
        pool_size: 10,
        max_overflow: 5,
    }
}

async fn maintenance(settings: &DatabaseSettings) -> PgConnection {
    PgConnection::connect_with(&settings.owner_options().database("postgres")).await.expect("the tests' PostgreSQL answers")
}

async fn run(conn: &mut PgConnection, sql: String) {
    sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(conn).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// The template of this build's schema; made by the first test that asks.
async fn template(settings: &DatabaseSettings) -> String {
    let name = format!("ga_template_{}", schema::fingerprint());
    let mut conn = maintenance(settings).await;
    if !exists(&mut conn, &name).await {
        sqlx::query("select pg_advisory_lock($1)").bind(TEMPLATE_LOCK).execute(&mut conn).await.expect("the template's lock");
        if !exists(&mut conn, &name).await {
            remove_left_overs(&mut conn).await;
            // Under another name until it is whole.
            let making = DatabaseSettings { database: format!("{name}_making"), ..settings.clone() };
            run(&mut conn, format!("drop database if exists {} with (force)", making.database)).await;
            schema::setup(&making).await.expect("the schema can be set up");
            run(&mut conn, format!("alter database {} rename to {name}", making.database)).await;
        }
    }
    // Closing gives the lock back.
    let _ = conn.close().await;
    name
}

async fn exists(conn: &mut PgConnection, database: &str) -> bool {
    sqlx::query_scalar::<_, bool>("select exists (select from pg_database where datname = $1)")
        .bind(database)
        .fetch_one(conn)
        .await
        .expect("pg_database can be read")
}

async fn remove_left_overs(conn: &mut PgConnection) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map(|d| d.as_secs()).unwrap_or_default();
    let names = sqlx::query_scalar::<_, String>("select datname::text from pg_database where datname like 'ga\\_test\\_%'")
        .fetch_all(&mut *conn)
        .await
        .expect("pg_database can be read");
    for name in names {
        let made = name.trim_start_matches(PREFIX).split('_').next().and_then(|s| s.parse::<u64>().ok());
        if made.is_some_and(|made| now.saturating_sub(made) > LEFT_OVER_AFTER) {
            run(conn, format!("drop database if exists {name} with (force)")).await;
        }
    }
}
