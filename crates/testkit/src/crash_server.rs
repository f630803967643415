//! A PostgreSQL of the test's own, durable, in `.local/pg-crash`, to be killed in the middle of what it does.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;

use common::config::DatabaseSettings;
use common::db::{connect_owner, schema};
use secrecy::SecretString;
use sqlx::AssertSqlSafe;

use crate::db::APP_USER;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn script(argument: &str) -> String {
    let output = Command::new(root().join("scripts/pg.sh"))
        .arg(argument)
        .env("MODE", "crash")
        .output()
        .expect("the script runs");
    assert!(output.status.success(), "pg.sh {argument}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the script writes text")
}

/// The server, of one test at a time. Stopped however the test ends.
#[derive(Debug)]
pub struct CrashServer {
    // Another test's server is this one.
    _lock: File,
}

impl CrashServer {
    /// Waits for whichever test has it.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = root().join(".local");
        std::fs::create_dir_all(&folder).expect("the folder can be made");
        let lock = File::create(folder.join("pg-crash.test")).expect("the lock can be made");
        lock.lock().expect("the lock can be had");
        script("start");
        Self { _lock: lock }
    }

    /// A database of this name with the product's schema.
    ///
    /// # Panics
    /// When it cannot be made.
    pub async fn database(&self, name: &str) -> DatabaseSettings {
        let settings = self.settings(name);
        schema::setup(&settings).await.expect("the schema can be set up");
        settings
    }

    fn settings(&self, name: &str) -> DatabaseSettings {
        let text = script("env");
        let variables: BTreeMap<&str, &str> =
            text.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('=')).collect();
        DatabaseSettings {
            host: variables["TEST_POSTGRES_HOST"].to_owned(),
            port: variables["TEST_POSTGRES_PORT"].parse().expect("a port"),
            owner_user: variables["TEST_POSTGRES_USER"].to_owned(),
            owner_password: SecretString::from(variables["TEST_POSTGRES_PASSWORD"]),
            app_user: APP_USER.to_owned(),
            app_password: SecretString::from("only on the crash cluster"),
            database: name.to_owned(),
            pool_size: 10,
            max_overflow: 5,
        }
    }

    /// Removes the databases that earlier tests left: a recovery syncs each file of the cluster before anything else.
    ///
    /// # Panics
    /// When one cannot be dropped.
    pub async fn sweep(&self) {
        let settings = self.settings("postgres");
        let pool = connect_owner(&settings).await.expect("the owner can connect");
        let left: Vec<String> = sqlx::query_scalar("select datname from pg_database where datname like 'crash\\_%'")
            .fetch_all(&pool)
            .await
            .expect("databases can be listed");
        for name in left {
            let statement = format!("drop database \"{name}\" with (force)");
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&pool).await.expect("a database can be dropped");
        }
        pool.close().await;
    }

    /// SIGKILL to the postmaster and to all of its children, so that nothing is flushed and nothing lingers; then it starts
    /// again.
    ///
    /// # Panics
    /// When it cannot be killed, or does not start again.
    pub fn kill(&self) {
        let pid = std::fs::read_to_string(root().join(".local/pg-crash/data/postmaster.pid")).expect("the server runs");
        let pid = pid.lines().next().unwrap_or_default().trim();
        let children =
            std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("its children are told");
        let killed = Command::new("kill")
            .arg("-9")
            .arg(pid)
            .args(children.split_whitespace())
            .status()
            .expect("it can be killed");
        assert!(killed.success());
        script("start");
    }
}

impl Drop for CrashServer {
    fn drop(&mut self) {
        script("stop");
    }
}
