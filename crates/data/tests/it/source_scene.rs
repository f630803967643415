//! A data service on a database of its own with one tenant, for tests of its source and its schedule.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use common::auth::{AppState, Role};
use common::config::{GoogleEndpoints, Settings};
use common::db::TenantTx;
use common::ids::TenantId;
use data_service::source::{StoredSource, load};
use secrecy::SecretString;
use serde_json::{Value, json};
use sqlx::PgPool;
use testkit::db::TestDb;
use testkit::google::Stub;
use testkit::http::{Answer, Client, TestServer};
use testkit::oracle::TenantSettings;

pub struct SourceScene {
    server: TestServer,
    pub state: AppState,
    pub tenant: TenantId,
    pub owner: Client,
    pub root: tempfile::TempDir,
    pub db: TestDb,
}

impl SourceScene {
    /// The tenant goes by the clocks of New York.
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// The same with other settings.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let db = TestDb::new().await;
        let root = tempfile::tempdir().unwrap();
        let mut settings = testkit::state::settings(&db);
        settings.data_root = root.path().to_owned();
        change(&mut settings);
        let state = AppState::new(db.app.clone(), settings);
        let server = TestServer::start(data_service::router(state.clone())).await;
        let (tenant, owner) = tenant(&state, &server).await;
        Self { server, state, tenant, owner, root, db }
    }

    /// The same, and Google is this stub.
    pub async fn against(stub: &Stub) -> Self {
        Self::with(|settings| {
            settings.google.endpoints = GoogleEndpoints {
                token: Some(stub.token_url()),
                bigquery: Some(stub.url.clone()),
                analytics_data: Some(stub.url.clone()),
            };
        })
        .await
    }

    pub fn pool(&self) -> &PgPool {
        &self.state.pool
    }

    /// Another tenant and its owner.
    pub async fn other(&self) -> (TenantId, Client) {
        tenant(&self.state, &self.server).await
    }

    /// A new member of the scene's tenant.
    pub async fn member(&self, role: Role) -> Client {
        let person = testkit::tokens::member(&self.state, self.tenant, role).await;
        Client::new(&self.server.url).of(&person, self.tenant)
    }

    pub async fn put(&self, body: Value) -> Answer {
        self.owner.put("/data/source", &body).await
    }

    pub async fn get(&self) -> Value {
        self.owner.get("/data/source").await.expect(200)
    }

    /// When the schedule says it runs next.
    pub async fn next_run(&self) -> DateTime<Utc> {
        self.get().await["schedule"]["next_run_at"].as_str().unwrap().parse().unwrap()
    }

    pub async fn stored(&self) -> StoredSource {
        stored(&self.state.pool, self.tenant).await
    }

    /// Does something as the tenant.
    pub async fn run(&self, sql: &'static str) -> u64 {
        let mut tx = TenantTx::begin(&self.state.pool, self.tenant).await.unwrap();
        let done = sqlx::query(sql).execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
        done.rows_affected()
    }

    /// The tenant's folder, made.
    pub fn folder(&self) -> PathBuf {
        let folder = self.root.path().join(self.tenant.to_string());
        std::fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// A file outside of all tenants' folders.
    pub fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.root.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

async fn tenant(state: &AppState, server: &TestServer) -> (TenantId, Client) {
    let settings = TenantSettings { zone: chrono_tz::America::New_York, ..TenantSettings::default() };
    let tenant = testkit::tenants::create(&state.pool, &settings).await;
    let person = testkit::tokens::member(state, tenant, Role::Owner).await;
    (tenant, Client::new(&server.url).of(&person, tenant))
}

pub async fn stored(pool: &PgPool, tenant: TenantId) -> StoredSource {
    let mut tx = TenantTx::begin(pool, tenant).await.unwrap();
    load(tx.conn(), tenant).await.unwrap()
}

/// The body that makes a tenant's source this dataset.
pub fn bigquery(project: &str, dataset: &str) -> Value {
    json!({"kind": "bigquery", "bigquery": {"project": project, "dataset": dataset}})
}

/// Settings with the operator's own key at this path.
pub fn operators_key(settings: &Settings, path: &Path) -> Settings {
    let mut settings = settings.clone();
    settings.google.credentials_path = Some(path.to_owned());
    settings
}

/// The same settings under another SECRETS_KEY.
pub fn sealed_with(settings: &Settings, key: &str, previous: Option<&str>) -> Settings {
    let mut settings = settings.clone();
    settings.secrets_key = SecretString::from(key);
    settings.secrets_key_previous = previous.map(SecretString::from);
    settings
}
