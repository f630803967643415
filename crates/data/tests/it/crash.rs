//! kill -9 of PostgreSQL in the middle of an import. Its server is one of the test's own, durable, in `.local/pg-crash`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use common::config::{DatabaseSettings, Settings};
use common::db::{connect_app, schema};
use data_service::demo::{DEFAULT_SEED, DemoOptions, generate};
use secrecy::SecretString;
use testkit::db::APP_USER;

use crate::process::{Service, environment, free_port, tenant};
use crate::support::{assert_same, tables};

fn script(argument: &str) -> String {
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../scripts/pg.sh");
    let output = Command::new(script).arg(argument).env("MODE", "crash").output().unwrap();
    assert!(output.status.success(), "pg.sh {argument}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Stops the server however the test ends.
struct Server(DatabaseSettings);

impl Server {
    fn start(database: &str) -> Self {
        script("start");
        let text = script("env");
        let variables: BTreeMap<&str, &str> =
            text.lines().filter_map(|line| line.strip_prefix("export ")?.split_once('=')).collect();
        Self(DatabaseSettings {
            host: variables["TEST_POSTGRES_HOST"].to_owned(),
            port: variables["TEST_POSTGRES_PORT"].parse().unwrap(),
            owner_user: variables["TEST_POSTGRES_USER"].to_owned(),
            owner_password: SecretString::from(variables["TEST_POSTGRES_PASSWORD"]),
            app_user: APP_USER.to_owned(),
            app_password: SecretString::from("only on the crash cluster"),
            database: database.to_owned(),
            pool_size: 10,
            max_overflow: 5,
        })
    }

    /// SIGKILL to the postmaster and to all of its children, so that nothing is flushed and nothing lingers.
    fn kill(&self) {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.local/pg-crash/data/postmaster.pid");
        let pid = std::fs::read_to_string(folder).unwrap().lines().next().unwrap().trim().to_owned();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
        let killed = Command::new("kill").arg("-9").arg(&pid).args(children.split_whitespace()).status().unwrap();
        assert!(killed.success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        script("stop");
    }
}

#[tokio::test]
async fn a_killed_postgresql_loses_no_day_and_doubles_none() {
    let folder = tempfile::tempdir().unwrap();
    let to = chrono::NaiveDate::from_ymd_opt(2026, 3, 10).unwrap();
    let made = generate(&DemoOptions {
        seed: DEFAULT_SEED,
        from: to - chrono::Days::new(9),
        to,
        zone: chrono_tz::UTC,
        visitors_per_day: 400,
        out_dir: folder.path().join("export"),
    })
    .unwrap();
    let body: Vec<u8> = made.files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
    let name = format!("crash_{}", uuid::Uuid::new_v4().simple());
    let server = Server::start(&name);
    let mut results = Vec::new();
    for (n, kill) in [false, true].into_iter().enumerate() {
        let settings = DatabaseSettings { database: format!("{name}_{n}"), ..server.0.clone() };
        schema::setup(&settings).await.unwrap();
        let environment = environment(&settings, &folder.path().join(format!("root{n}")), free_port());
        let app = connect_app(&settings, "test").await.unwrap();
        let (tenant, token) = tenant(&app, &Settings::from_vars(&environment).unwrap()).await;
        app.close().await;
        let service = Service::start(&environment, folder.path(), tenant, &token).await;
        let mut kills = if kill { 2 } else { 0 };
        loop {
            let job = service.upload(body.clone()).await;
            if kills > 0 {
                let seen = service
                    .until(&job, |job| {
                        job["progress"]["days_done"].as_u64() >= Some(1) || job["completed_at"].is_string()
                    })
                    .await;
                // On a busy machine a job may have ended between two looks at it: then the same body is sent again.
                if seen["completed_at"].is_null() {
                    server.kill();
                    script("start");
                    kills -= 1;
                }
            }
            // The service itself was never started again: it finds its way back.
            let ended = service.until_ended(&job).await;
            assert_eq!(ended["status"], "completed", "{ended}");
            if kills == 0 {
                break;
            }
        }
        let app = connect_app(&settings, "test").await.unwrap();
        results.push(tables(&app, tenant, true).await);
        app.close().await;
    }
    assert_same(&results[0], &results[1]);
}
