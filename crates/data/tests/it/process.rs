//! The real binary as a process of its own, to be killed and started again.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::auth::{Role, TokenKeys};
use common::config::{DatabaseSettings, Settings};
use common::ids::{AccountId, SessionId, TenantId};
use common::tenants::{NewMember, NewTenant};
use reqwest::{Client, Method, RequestBuilder};
use secrecy::ExposeSecret;
use serde_json::Value;
use sqlx::PgPool;

/// How long a start, or a job that has to be taken over, may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(180);

/// The service's process; killed at the latest when the value is dropped.
pub struct Process {
    child: Child,
    port: u16,
    client: Client,
}

/// A process, called by a tenant's owner.
pub struct Service {
    process: Process,
    token: String,
    tenant: TenantId,
}

/// What a service needs to know, as its environment.
pub fn environment(db: &DatabaseSettings, data_root: &Path, port: u16) -> BTreeMap<String, String> {
    let secret = "a secret of the tests, long enough to be taken: 0123456789";
    [
        ("ENVIRONMENT", "DEV".to_owned()),
        ("LOG_LEVEL", "info".to_owned()),
        ("POSTGRES_HOST", db.host.clone()),
        ("POSTGRES_PORT", db.port.to_string()),
        ("POSTGRES_USER", db.owner_user.clone()),
        ("POSTGRES_PASSWORD", db.owner_password.expose_secret().to_owned()),
        ("POSTGRES_DATABASE", db.database.clone()),
        ("POSTGRES_APP_USER", db.app_user.clone()),
        ("POSTGRES_APP_PASSWORD", db.app_password.expose_secret().to_owned()),
        ("DATA_SERVICE_PORT", port.to_string()),
        ("DATA_ROOT", data_root.display().to_string()),
        // Killed workers are waited for many times over.
        ("WORKER_DEAD_AFTER_SECONDS", "2".to_owned()),
        ("JWT_SECRET_KEY", secret.to_owned()),
        ("SECRETS_KEY", secret.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

/// A tenant with an owner, and a token of theirs.
pub async fn tenant(pool: &PgPool, settings: &Settings) -> (TenantId, String) {
    let tenant = common::tenants::create(
        pool,
        &NewTenant {
            tenant_id: None,
            name: "Shop".into(),
            time_zone: "UTC".into(),
            currency: "USD".into(),
            week_start: 1,
            members: vec![NewMember { email: "owner@example.com".into(), name: None, role: Role::Owner }],
        },
    )
    .await
    .unwrap();
    let account: AccountId = sqlx::query_scalar("select account_id from accounts where email = 'owner@example.com'")
        .fetch_one(pool)
        .await
        .unwrap();
    let session = SessionId::generate();
    sqlx::query(
        "insert into auth_sessions (session_id, account_id, expires_at) values ($1, $2, now() + interval '1 day')",
    )
    .bind(session)
    .bind(account)
    .execute(pool)
    .await
    .unwrap();
    let (token, _) = TokenKeys::from_settings(settings)
        .issue(account, session, chrono::Utc::now() + chrono::Duration::days(1))
        .unwrap();
    (tenant, token)
}

impl Process {
    /// Starts the binary in an empty folder of its own.
    pub fn spawn(environment: &BTreeMap<String, String>, folder: &Path) -> Self {
        let port = environment["DATA_SERVICE_PORT"].parse().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_data-service"))
            .current_dir(folder)
            .env_clear()
            .envs(environment)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { child, port, client: Client::new() }
    }

    /// Waits until it is ready.
    pub async fn ready(self) -> Self {
        let started = Instant::now();
        loop {
            let ready = self.client.get(self.url("/health/ready")).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return self;
            }
            assert!(started.elapsed() < PATIENCE, "the service does not get ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// SIGKILL, and gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Service {
    /// Starts the process and waits until it is ready.
    pub async fn start(environment: &BTreeMap<String, String>, folder: &Path, tenant: TenantId, token: &str) -> Self {
        let process = Process::spawn(environment, folder).ready().await;
        Self { process, token: token.to_owned(), tenant }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.process.client.request(method, self.process.url(path))
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(&self.token).header("X-Tenant-Id", self.tenant.to_string())
    }

    /// SIGKILL, and gone.
    pub fn kill(self) {
        self.process.kill();
    }

    /// Uploads a body; answers the job's id.
    pub async fn upload(&self, body: Vec<u8>) -> String {
        let answer = self.signed(self.request(Method::POST, "/data/ingest/upload")).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        let job: Value = answer.json().await.unwrap();
        job["job_id"].as_str().unwrap().to_owned()
    }

    /// Posts events as a machine; answers what became of them.
    pub async fn post_events(&self, key: &str, body: &Value) -> Value {
        let request = self.request(Method::POST, "/data/events").header("X-Api-Key", key).json(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 202);
        answer.json().await.unwrap()
    }

    /// The job as the API shows it; none while the service or its database cannot answer.
    pub async fn job(&self, id: &str) -> Option<Value> {
        let answer = self.signed(self.request(Method::GET, &format!("/data/ingest/jobs/{id}"))).send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        answer.json().await.ok()
    }

    /// Looks until the job is as wanted.
    pub async fn until(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let job = self.job(id).await;
            if let Some(job) = &job
                && wanted(job)
            {
                return job.clone();
            }
            assert!(started.elapsed() < PATIENCE, "the job stays {job:?}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    pub async fn until_ended(&self, id: &str) -> Value {
        self.until(id, |job| job["completed_at"].is_string()).await
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Already gone after `kill`.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port()
}
