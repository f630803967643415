//! kill -9 at the worst moments: what was promised is kept, and nothing comes twice.

use chrono::{Days, NaiveDate};
use common::config::Settings;
use data_service::demo::{DEFAULT_SEED, DemoOptions, generate};
use testkit::db::TestDb;

use crate::process::{Service, environment, free_port, tenant};
use crate::support::{assert_same, tables};

const DAYS: u64 = 12;

/// A body of twelve days, and how many rows it has.
fn export(visitors: u32) -> (Vec<u8>, u64) {
    let folder = tempfile::tempdir().unwrap();
    let to = NaiveDate::from_ymd_opt(2026, 3, 14).unwrap();
    let made = generate(&DemoOptions {
        seed: DEFAULT_SEED,
        from: to - Days::new(DAYS - 1),
        to,
        zone: chrono_tz::UTC,
        visitors_per_day: visitors,
        out_dir: folder.path().to_owned(),
    })
    .unwrap();
    // Gzip members one after the other are one gzip.
    let body = made.files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
    (body, made.rows)
}

struct Scene {
    db: TestDb,
    folder: tempfile::TempDir,
    environment: std::collections::BTreeMap<String, String>,
    tenant: common::ids::TenantId,
    token: String,
}

impl Scene {
    async fn new() -> Self {
        let db = TestDb::new().await;
        let folder = tempfile::tempdir().unwrap();
        let environment = environment(&db.settings, &folder.path().join("root"), free_port());
        let settings = Settings::from_vars(&environment).unwrap();
        let (tenant, token) = tenant(&db.app, &settings).await;
        Self { db, folder, environment, tenant, token }
    }

    async fn start(&self) -> Service {
        Service::start(&self.environment, self.folder.path(), self.tenant, &self.token).await
    }

    async fn tables(&self) -> Vec<(String, Vec<String>)> {
        tables(&self.db.app, self.tenant, true).await
    }
}

#[tokio::test]
async fn a_kill_right_after_the_202_loses_nothing() {
    let (body, rows) = export(60);
    let undisturbed = Scene::new().await;
    let service = undisturbed.start().await;
    let job = service.upload(body.clone()).await;
    service.until_ended(&job).await;

    let scene = Scene::new().await;
    let service = scene.start().await;
    let job = service.upload(body).await;
    service.kill();
    let service = scene.start().await;
    let ended = service.until_ended(&job).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!(ended["progress"]["rows_read"], rows, "{ended}");
    assert_same(&undisturbed.tables().await, &scene.tables().await);
}

#[tokio::test]
async fn kills_in_the_middle_of_an_import_lose_and_double_nothing() {
    let (body, _) = export(400);
    let undisturbed = Scene::new().await;
    let service = undisturbed.start().await;
    let job = service.upload(body.clone()).await;
    let whole = service.until_ended(&job).await;

    let scene = Scene::new().await;
    let mut service = scene.start().await;
    let job = service.upload(body).await;
    // While the file is read, and after some days have landed and others have not.
    service.until(&job, |job| job["status"] == "processing").await;
    service.kill();
    for days in [2, 7] {
        service = scene.start().await;
        let seen = service.until(&job, |job| job["progress"]["days_done"].as_u64() >= Some(days)).await;
        assert_ne!(seen["progress"]["days_done"], DAYS, "too fast to be killed in the middle");
        service.kill();
    }
    let service = scene.start().await;
    let ended = service.until_ended(&job).await;
    assert_eq!(ended["status"], "completed", "{ended}");
    assert_eq!(ended["records_processed"], whole["records_processed"]);
    assert_same(&undisturbed.tables().await, &scene.tables().await);
}
