//! A data service on a database of its own, called over HTTP.

use std::path::PathBuf;

use common::auth::{AppState, Role};
use common::ids::TenantId;
use data_service::events::fold::{Waiting, keep_folding};
use data_service::serve;
use data_service::state::DataState;
use reqwest::Method;
use serde_json::Value;
use testkit::db::TestDb;
use testkit::http::{Answer, Client, TestServer};
use testkit::oracle::TenantSettings;
use tokio_util::sync::CancellationToken;

/// A data service on a database of its own; its worker runs when a test starts it.
pub struct Scene {
    // Dropped first: the worker lets go of the database.
    _stop: tokio_util::sync::DropGuard,
    pub stop: CancellationToken,
    pub server: TestServer,
    pub state: AppState,
    pub tenant: TenantId,
    pub owner: Client,
    pub root: tempfile::TempDir,
    waiting: Waiting,
    pub db: TestDb,
}

impl Scene {
    /// With a tenant in UTC that counts in USD.
    pub async fn new() -> Self {
        Self::of(&TenantSettings { zone: chrono_tz::UTC, ..TenantSettings::default() }).await
    }

    pub async fn of(tenant: &TenantSettings) -> Self {
        let db = TestDb::new().await;
        let root = tempfile::tempdir().unwrap();
        let mut settings = testkit::state::settings(&db);
        settings.data_root = root.path().to_owned();
        let state = AppState::new(db.app.clone(), settings);
        let waiting = Waiting::default();
        let whole = DataState { app: state.clone(), waiting: waiting.clone() };
        let server = TestServer::start(data_service::router(whole)).await;
        let tenant = testkit::tenants::create(&db.app, tenant).await;
        let person = testkit::tokens::member(&state, tenant, Role::Owner).await;
        let owner = Client::new(&server.url).of(&person, tenant);
        let stop = CancellationToken::new();
        Self { _stop: stop.clone().drop_guard(), stop, server, state, tenant, owner, root, waiting, db }
    }

    pub fn start_worker(&self) {
        let ingestion = serve::ingestion(&self.state.settings, &self.state.pool).unwrap();
        tokio::spawn(serve::worker(ingestion, self.state.settings.worker_dead_after, self.stop.clone()));
    }

    /// Moves posted events on from now on.
    pub fn start_folding(&self) {
        tokio::spawn(keep_folding(self.state.pool.clone(), self.waiting.clone(), self.stop.clone()));
    }

    pub fn folder(&self) -> PathBuf {
        let folder = self.root.path().join(self.tenant.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    pub async fn upload(&self, query: &str, body: Vec<u8>) -> Answer {
        Answer::of(self.owner.request(Method::POST, &format!("/data/ingest/upload{query}")).body(body)).await
    }

    pub async fn ended(&self, job: &Value) -> Value {
        let path = format!("/data/ingest/jobs/{}", job["job_id"].as_str().unwrap());
        for _ in 0..600 {
            let job = self.owner.get(&path).await.expect(200);
            if !job["completed_at"].is_null() {
                return job;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{path} does not end");
    }
}
