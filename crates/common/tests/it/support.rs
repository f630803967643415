//! What the tests of this crate need beside a finished database: one without a schema.

use common::config::DatabaseSettings;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

/// An empty database of its own; dropped with this value.
pub struct EmptyDb {
    pub settings: DatabaseSettings,
}

impl EmptyDb {
    pub async fn new() -> Self {
        let settings = testkit::db::server();
        // Begins as those of the test kit do, so that what a killed run leaves is found.
        let seconds = chrono::Utc::now().timestamp();
        let settings =
            DatabaseSettings { database: format!("ga_test_{seconds}_{}", Uuid::new_v4().simple()), ..settings };
        administer(format!("create database {}", settings.database)).await;
        Self { settings }
    }
}

impl Drop for EmptyDb {
    fn drop(&mut self) {
        let settings = self.settings.clone();
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(administer(format!("drop database if exists {} with (force)", settings.database)));
        });
        drop(dropping.join());
    }
}

/// Runs a statement as the server's administrator, outside the database.
pub async fn administer(sql: String) {
    let server = testkit::db::server();
    let mut conn = PgConnection::connect_with(&server.owner_options().database("postgres")).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(&mut conn).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    conn.close().await.unwrap();
}
