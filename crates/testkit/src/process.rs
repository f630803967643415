//! The real binary of a service as a process of its own, to be killed and started again.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use chrono::Utc;
use common::auth::{Role, TokenKeys};
use common::config::{DatabaseSettings, Settings};
use common::ids::{AccountId, SessionId, TenantId};
use common::tenants::{NewMember, NewTenant};
use reqwest::{Client, Method, RequestBuilder};
use secrecy::ExposeSecret;
use sqlx::PgPool;

/// How long a start, or work that has to be taken over, may take on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// The service's process; killed at the latest when the value is dropped.
pub struct Process {
    child: Child,
    port: u16,
    client: Client,
}

/// What a service needs to know, as its environment; its port is added by who starts it.
#[must_use]
pub fn environment(db: &DatabaseSettings, data_root: &Path) -> BTreeMap<String, String> {
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
///
/// # Panics
/// When the database does not take them.
pub async fn tenant(pool: &PgPool, settings: &Settings) -> (TenantId, String) {
    let new = NewTenant {
        tenant_id: None,
        name: "Shop".into(),
        time_zone: "UTC".into(),
        currency: "USD".into(),
        week_start: 1,
        members: vec![NewMember { email: "owner@example.com".into(), name: None, role: Role::Owner }],
    };
    let tenant = common::tenants::create(pool, &new).await.expect("the tenant is taken");
    let account: AccountId = sqlx::query_scalar("select account_id from accounts where email = 'owner@example.com'")
        .fetch_one(pool)
        .await
        .expect("the owner has an account");
    let session = SessionId::generate();
    sqlx::query(
        "insert into auth_sessions (session_id, account_id, expires_at) values ($1, $2, now() + interval '1 day')",
    )
    .bind(session)
    .bind(account)
    .execute(pool)
    .await
    .expect("the session is taken");
    let until = Utc::now() + chrono::Duration::days(1);
    let (token, _) = TokenKeys::from_settings(settings).issue(account, session, until).expect("a token can be signed");
    (tenant, token)
}

impl Process {
    /// Starts `program` in an empty folder of its own; it listens on `port`.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn spawn(program: &str, environment: &BTreeMap<String, String>, folder: &Path, port: u16) -> Self {
        let child = Command::new(program)
            .current_dir(folder)
            .env_clear()
            .envs(environment)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        Self { child, port, client: Client::new() }
    }

    /// Waits until it is ready.
    ///
    /// # Panics
    /// When it takes too long.
    pub async fn ready(self) -> Self {
        let started = Instant::now();
        loop {
            let ready = self.request(Method::GET, "/health/ready").send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return self;
            }
            assert!(started.elapsed() < PATIENCE, "the service does not get ready");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// A request to it; `path` begins with `/`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("http://127.0.0.1:{}{path}", self.port))
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and gone.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(mut self) {
        self.child.kill().expect("the process can be killed");
        self.child.wait().expect("the process is gone");
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
///
/// # Panics
/// When there is none.
#[must_use]
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}
