//! A running auth-service with a database of its own.

use std::{collections::BTreeMap, net::SocketAddr};

use common::{
    auth::{AppState, Role},
    config::Settings,
    db::TenantTx,
    http,
    ids::TenantId,
    lifecycle,
    tenants::{self, NewMember, NewTenant},
};
use secrecy::ExposeSecret;
use testkit::db::TestDb;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::browser::Browser;

/// Signs the tokens of the tests.
pub const JWT_SECRET: &str = "the-key-of-these-tests-and-of-nothing-else";

/// The service, listening; stops with this value.
pub struct Service {
    pub db: TestDb,
    pub state: AppState,
    /// `http://127.0.0.1:<port>`.
    pub url: String,
    _stop: DropGuard,
}

impl Service {
    /// As on a developer's machine, with the demo tenant.
    pub async fn new() -> Self {
        Self::with(&[]).await
    }

    /// The same with other settings.
    pub async fn with(more: &[(&str, &str)]) -> Self {
        lifecycle::install_tls_provider();
        let db = TestDb::new().await;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = AppState::new(db.app.clone(), settings(&db, address, more));
        tenants::create(&state.pool, &tenants::demo()).await.unwrap();
        let router = auth_service::app(state.clone()).unwrap();
        let stop = CancellationToken::new();
        tokio::spawn(http::serve(listener, router, stop.clone()));
        Self { db, state, url: format!("http://{address}"), _stop: stop.drop_guard() }
    }

    /// A browser that has never been here.
    pub fn browser(&self) -> Browser {
        Browser::new(&self.url)
    }

    /// A tenant of one owner.
    pub async fn tenant(&self, name: &str, owner: &str) -> TenantId {
        let tenant = NewTenant {
            tenant_id: None,
            name: name.to_owned(),
            time_zone: String::from("Europe/Berlin"),
            currency: String::from("EUR"),
            week_start: 7,
            members: vec![NewMember { email: owner.to_owned(), name: None, role: Role::Owner }],
        };
        tenants::create(&self.state.pool, &tenant).await.unwrap()
    }

    /// Who did it and the details, of all entries of this kind in the tenant's audit log.
    pub async fn audited(&self, tenant: TenantId, action: &str) -> Vec<(String, serde_json::Value)> {
        let mut tx = TenantTx::begin(&self.state.pool, tenant).await.unwrap();
        sqlx::query_as("select actor, details from audit_log where tenant_id = $1 and action = $2 order by entry_no")
            .bind(tenant)
            .bind(action)
            .fetch_all(tx.conn())
            .await
            .unwrap()
    }

    /// Reasons of the failures that are no tenant's.
    pub async fn failures(&self) -> Vec<String> {
        sqlx::query_scalar("select reason from sign_in_failures order by failure_id")
            .fetch_all(&self.db.owner)
            .await
            .unwrap()
    }

    /// Runs a statement on tables that have no tenant.
    pub async fn run(&self, sql: &'static str) -> u64 {
        sqlx::query(sql).execute(&self.db.owner).await.unwrap().rows_affected()
    }
}

fn settings(db: &TestDb, address: SocketAddr, more: &[(&str, &str)]) -> Settings {
    let database = &db.settings;
    let mut vars: BTreeMap<String, String> = [
        ("POSTGRES_HOST", database.host.clone()),
        ("POSTGRES_PASSWORD", database.owner_password.expose_secret().to_owned()),
        ("POSTGRES_APP_PASSWORD", database.app_password.expose_secret().to_owned()),
        ("JWT_SECRET_KEY", JWT_SECRET.to_owned()),
        ("SECRETS_KEY", String::from("another-key-of-these-tests")),
        // Tests ask more often than people do, and all from one address.
        ("RATE_LIMIT_SIGN_IN_PER_MINUTE", String::from("0")),
        ("AUTH_SERVICE_PORT", address.port().to_string()),
        ("BASE_URL", format!("http://{address}")),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    vars.extend(more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    Settings::from_vars(&vars).unwrap()
}
