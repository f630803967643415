//! A data service with a tenant and an owner, lists into it as its callers send them, and what it then knows.

use common::auth::{AppState, Role};
use common::db::TenantTx;
use common::ids::TenantId;
use reqwest::Method;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use testkit::db::TestDb;
use testkit::http::{Answer, Client, TestServer};
use testkit::oracle::TenantSettings;

pub struct People {
    pub server: TestServer,
    pub state: AppState,
    pub tenant: TenantId,
    pub owner: Client,
    pub root: tempfile::TempDir,
    pub db: TestDb,
}

impl People {
    /// A tenant in UTC that counts in USD.
    pub async fn new() -> Self {
        Self::of(&TenantSettings { zone: chrono_tz::UTC, ..TenantSettings::default() }).await
    }

    pub async fn of(settings: &TenantSettings) -> Self {
        let db = TestDb::new().await;
        let root = tempfile::tempdir().unwrap();
        let mut app = testkit::state::settings(&db);
        app.data_root = root.path().to_owned();
        let state = AppState::new(db.app.clone(), app);
        let server = TestServer::start(data_service::router(state.clone())).await;
        let tenant = testkit::tenants::create(&db.app, settings).await;
        let person = testkit::tokens::member(&state, tenant, Role::Owner).await;
        let owner = Client::new(&server.url).of(&person, tenant);
        Self { server, state, tenant, owner, root, db }
    }

    /// Somebody of this role, who may be limited to branches.
    pub async fn member(&self, role: Role, branches: Option<&[&str]>) -> Client {
        let person = testkit::tokens::stranger(&self.state).await;
        testkit::tokens::join(&self.state.pool, person.account, self.tenant, role, branches).await;
        Client::new(&self.server.url).of(&person, self.tenant)
    }

    /// `list` is `users` or `locations`, `query` begins with `?` or is empty.
    pub async fn import(&self, list: &str, query: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = self.owner.request(Method::POST, &format!("/data/{list}/import{query}"));
        Answer::of(request.body(body.into())).await
    }

    /// One column of texts, null as `null`.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let mut tx = TenantTx::begin(&self.db.app, self.tenant).await.unwrap();
        let rows =
            sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(sql.to_owned())).fetch_all(tx.conn()).await.unwrap();
        rows.into_iter().map(|text| text.unwrap_or_else(|| "null".into())).collect()
    }

    /// All rows of `users` and `locations`, times included.
    pub async fn stored(&self) -> Vec<String> {
        let mut rows = self.texts("select to_jsonb(u)::text from users u order by user_id").await;
        rows.extend(self.texts("select to_jsonb(l)::text from locations l order by location_id").await);
        rows
    }

    /// What stands in `users`, without times.
    pub async fn users(&self) -> Vec<Value> {
        let sql = "select jsonb_build_array(user_id, user_name, buying_company_name, email, cell_phone, office_phone,
            is_active)::text from users order by user_id";
        self.texts(sql).await.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
    }

    /// What stands in `locations`, without times.
    pub async fn locations(&self) -> Vec<Value> {
        let sql = "select jsonb_build_array(location_id, location_name, city, state, is_active)::text from locations
            order by location_id";
        self.texts(sql).await.iter().map(|row| serde_json::from_str(row).unwrap()).collect()
    }

    /// Files left under DATA_ROOT.
    pub fn spooled(&self) -> usize {
        let folder = self.root.path().join(".jobs").join(self.tenant.to_string());
        std::fs::read_dir(folder).map_or(0, |entries| entries.count())
    }
}
