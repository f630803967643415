//! A database per test, on a real PostgreSQL, copied from a template that is set up once per state of the schema.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

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
const TEMPLATE_PREFIX: &str = "ga_template_";
/// A test's database this old was left by a run that was killed.
const LEFT_OVER_AFTER: Duration = Duration::from_secs(3600);
/// A template this old is of a schema that nobody works on any more; one that is missed is made again.
const TEMPLATE_OLD_AFTER: Duration = Duration::from_secs(7 * 24 * 3600);
/// Guards the making of templates: "ga-templ" read as a number.
const TEMPLATE_LOCK: i64 = 0x67_61_2d_74_65_6d_70_6c;

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
        let mut conn = maintenance(&settings).await;
        let template = template(&mut conn, &settings).await;
        remove_left_overs(&mut conn, &template).await;
        settings.database = format!("{PREFIX}{}_{}", now().as_secs(), Uuid::new_v4().simple());
        run(&mut conn, format!("create database {} template {template}", settings.database)).await;
        let (owner, app, _) = tokio::join!(connect_owner(&settings), connect_app(&settings, "test"), conn.close());
        let owner = owner.expect("the test database takes its owner");
        let app = app.expect("the test database takes the services' role");
        Self { owner, app, settings }
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let settings = self.settings.clone();
        // Dropping cannot wait, and the test's own runtime may be gone: a thread with one of its own.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime for one statement").block_on(async {
                let mut conn = maintenance(&settings).await;
                run(&mut conn, format!("drop database if exists {} with (force)", settings.database)).await;
            });
        });
        if dropping.join().is_err() {
            eprintln!("the test database {} was left behind; a later run removes it", self.settings.database);
        }
    }
}

/// Where the tests' PostgreSQL is, and its maintenance database.
///
/// # Panics
/// Without the variables TEST_POSTGRES_*.
#[must_use]
pub fn server() -> DatabaseSettings {
    let variable = |name: &str| {
        std::env::var(name)
            .unwrap_or_else(|_| panic!("{name} is not set: run `make test`, which brings a PostgreSQL of its own"))
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

/// The template of this build's schema; made by the first test that asks, in whichever process that is.
async fn template(conn: &mut PgConnection, settings: &DatabaseSettings) -> String {
    let name = format!("{TEMPLATE_PREFIX}{}", schema::fingerprint());
    if exists(conn, &name).await {
        return name;
    }
    lock(conn, "select pg_advisory_lock($1)").await;
    if !exists(conn, &name).await {
        // Under another name until it is whole: a run that is killed here leaves no half template.
        let making = DatabaseSettings { database: format!("{name}_making"), ..settings.clone() };
        run(conn, format!("drop database if exists {} with (force)", making.database)).await;
        schema::setup(&making).await.expect("the schema can be set up");
        run(conn, format!("comment on database {} is '{}'", making.database, now().as_secs())).await;
        run(conn, format!("alter database {} rename to {name}", making.database)).await;
    }
    lock(conn, "select pg_advisory_unlock($1)").await;
    name
}

/// Drops databases of tests that were killed, and templates of schemas long gone. Another process may be faster.
async fn remove_left_overs(conn: &mut PgConnection, template: &str) {
    let databases = sqlx::query_as::<_, (String, Option<String>)>(
        "select datname::text, shobj_description(oid, 'pg_database') from pg_database
         where starts_with(datname::text, $1) or (starts_with(datname::text, $2) and datname::text <> $3)",
    )
    .bind(PREFIX)
    .bind(TEMPLATE_PREFIX)
    .bind(template)
    .fetch_all(&mut *conn)
    .await
    .expect("pg_database can be read");
    for (name, comment) in databases {
        let (made, limit) = match name.strip_prefix(PREFIX) {
            Some(rest) => (rest.split('_').next().map(str::to_owned), LEFT_OVER_AFTER),
            None => (comment, TEMPLATE_OLD_AFTER),
        };
        let made = made.and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        if made.is_some_and(|made| now().saturating_sub(made) > limit) {
            let drop = format!("drop database if exists {name} with (force)");
            let _ = sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut *conn).await;
        }
    }
}

async fn maintenance(settings: &DatabaseSettings) -> PgConnection {
    let options = settings.owner_options().database("postgres");
    PgConnection::connect_with(&options)
        .await
        .unwrap_or_else(|error| panic!("the tests' PostgreSQL at {}:{}: {error}", settings.host, settings.port))
}

async fn run(conn: &mut PgConnection, sql: String) {
    let result = sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(conn).await;
    result.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn lock(conn: &mut PgConnection, sql: &'static str) {
    sqlx::query(sql).bind(TEMPLATE_LOCK).execute(conn).await.expect("the template's lock");
}

async fn exists(conn: &mut PgConnection, database: &str) -> bool {
    sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(database)
        .fetch_one(conn)
        .await
        .expect("pg_database can be read")
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_database_has_the_schema_and_both_roles_and_goes_with_its_value() {
        let db = TestDb::new().await;
        schema::check(&db.app).await.unwrap();
        let role = "select current_user::text, rolsuper or rolbypassrls from pg_roles where rolname = current_user";
        let app: (String, bool) = sqlx::query_as(role).fetch_one(&db.app).await.unwrap();
        assert_eq!(app, (APP_USER.to_owned(), false));
        let name = db.settings.database.clone();
        drop(db);
        assert!(!exists(&mut maintenance(&server()).await, &name).await);
    }

    #[tokio::test]
    async fn what_a_killed_run_left_is_removed_by_age() {
        let mut conn = maintenance(&server()).await;
        let unique = Uuid::new_v4().simple().to_string();
        let (old, young) = (format!("{PREFIX}1000000000_{unique}"), format!("{PREFIX}{}_{unique}", now().as_secs()));
        for name in [&old, &young] {
            run(&mut conn, format!("create database {name}")).await;
        }
        remove_left_overs(&mut conn, "").await;
        assert!(!exists(&mut conn, &old).await);
        assert!(exists(&mut conn, &young).await);
        run(&mut conn, format!("drop database {young}")).await;
    }
}
