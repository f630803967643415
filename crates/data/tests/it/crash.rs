//! kill -9 of PostgreSQL in the middle of an import.

use common::config::Settings;
use common::db::connect_app;
use data_service::demo::{DEFAULT_SEED, DemoOptions, generate};

use crate::process::{Service, environment, free_port, tenant};
use crate::support::{assert_same, tables};
use testkit::crash_server::CrashServer;

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
    let server = CrashServer::start();
    server.sweep().await;
    let mut results = Vec::new();
    for (n, kill) in [false, true].into_iter().enumerate() {
        let settings = server.database(&format!("{name}_{n}")).await;
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
