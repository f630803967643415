//! A tenant with the analytics service running for it, and rows as the roll-ups would leave them.

use chrono::DateTime;
use common::{
    auth::{AppState, Role},
    config::Settings,
    db::TenantTx,
    ids::TenantId,
};
use serde_json::{Value, json};
use testkit::{
    db::TestDb,
    http::{Client, TestServer},
    oracle::TenantSettings,
    state, tenants,
    tokens::{self, Person},
};
use uuid::Uuid;

/// A tenant and its service.
pub struct Shop {
    pub db: TestDb,
    pub state: AppState,
    pub tenant: TenantId,
    pub owner: Person,
    /// Calls as the tenant's owner.
    pub client: Client,
    server: TestServer,
}

impl Shop {
    /// In New York, in USD, weeks from Monday.
    pub async fn open() -> Self {
        Self::open_with(&TenantSettings::default()).await
    }

    pub async fn open_with(settings: &TenantSettings) -> Self {
        Self::open_as(settings, |_| {}).await
    }

    /// With a service that is set up otherwise.
    pub async fn open_as(settings: &TenantSettings, change: impl FnOnce(&mut Settings)) -> Self {
        let db = TestDb::new().await;
        let mut service = state::settings(&db);
        change(&mut service);
        let state = AppState::new(db.app.clone(), service);
        let server = TestServer::start(analytics_service::app(state.clone()).unwrap()).await;
        let tenant = tenants::create(&db.app, settings).await;
        let owner = tokens::member(&state, tenant, Role::Owner).await;
        let client = server.client().of(&owner, tenant);
        Self { db, state, tenant, owner, client, server }
    }

    /// Where it is served.
    pub fn url(&self) -> &str {
        &self.server.url
    }

    /// Another tenant in the same database; the value given back is about that one.
    pub async fn neighbour(&self) -> (TenantId, Client) {
        let tenant = tenants::create(&self.db.app, &TenantSettings::default()).await;
        let owner = tokens::member(&self.state, tenant, Role::Owner).await;
        (tenant, self.server.client().of(&owner, tenant))
    }

    /// A client of somebody with this role, limited to branches or not.
    pub async fn member(&self, role: Role, branches: Option<&[&str]>) -> Client {
        let person = tokens::stranger(&self.state).await;
        tokens::join(&self.db.app, person.account, self.tenant, role, branches).await;
        self.server.client().of(&person, self.tenant)
    }

    /// Puts rows into a table: `base` with each row's own fields over it.
    pub async fn put(&self, table: &str, base: &Value, rows: &[Value]) {
        put(&self.db, self.tenant, table, base, rows).await;
    }

    /// Visits; see [`visit_base`].
    pub async fn visits(&self, rows: &[Value]) {
        let rows: Vec<Value> = rows.iter().map(|row| over(&visit_base(row), row)).collect();
        self.put("visits", &json!({}), &rows).await;
    }

    /// What the audit log tells of these things, oldest first: actor, action, target, details.
    pub async fn audit(&self, thing: &str) -> Vec<(String, String, Option<String>, Value)> {
        let mut tx = TenantTx::begin(&self.db.app, self.tenant).await.unwrap();
        sqlx::query_as(
            "select actor, action, target, details from audit_log where starts_with(action, $1) order by entry_no",
        )
        .bind(thing)
        .fetch_all(tx.conn())
        .await
        .unwrap()
    }

    /// GET that must succeed.
    pub async fn get(&self, path: &str) -> Value {
        self.client.get(path).await.expect(200)
    }

    /// The `data` of a list.
    pub async fn lines(&self, path: &str) -> Vec<Value> {
        self.get(path).await["data"].as_array().unwrap().clone()
    }
}

pub async fn put(db: &TestDb, tenant: TenantId, table: &str, base: &Value, rows: &[Value]) {
    let mut tx = TenantTx::begin(&db.app, tenant).await.unwrap();
    for row in rows {
        let mut row = over(&over(&json!({ "tenant_id": tenant }), base), row);
        if table == "visits" && row.get("first_day").is_none() {
            row["first_day"] = row["day"].clone();
        }
        // What a row leaves out is what the column says.
        let columns: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
        let columns = columns.join(", ");
        let sql =
            format!("insert into {table} ({columns}) select {columns} from jsonb_populate_record(null::{table}, $1)");
        sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(&row)
            .execute(tx.conn())
            .await
            .unwrap_or_else(|e| panic!("{row}: {e}"));
    }
    roll_up_months(&mut tx).await;
    tx.commit().await.unwrap();
}

/// Makes the months of the days that are there, as loading does.
async fn roll_up_months(tx: &mut TenantTx) {
    sqlx::raw_sql(
        "delete from user_months;
         insert into user_months
         select tenant_id, location_id, date_trunc('month', day::timestamp), user_id, sum(visits)
         from user_days
         group by 1, 2, 3, 4;
         delete from bounce_months;
         insert into bounce_months
         select tenant_id, location_id, date_trunc('month', day::timestamp), page_hash, min(entry_page), sum(bounces)
         from bounce_pages
         group by 1, 2, 3, 4",
    )
    .execute(tx.conn())
    .await
    .unwrap();
}

/// `base` with the fields of `row` over it.
pub fn over(base: &Value, row: &Value) -> Value {
    let mut merged = base.as_object().unwrap().clone();
    merged.extend(row.as_object().unwrap().clone());
    Value::Object(merged)
}

/// A visit in which nothing happened, named by the row's `visit_id` on its `day`.
fn visit_base(row: &Value) -> Value {
    let day = row["day"].as_str().unwrap_or("2026-01-05");
    let noon = at(&format!("{day}T12:00:00Z"));
    json!({
        "day": day, "last_day": day, "user_pseudo_id": "visitor", "ga_session_id": 1_767_600_000,
        "first_ts": noon, "last_ts": noon, "start_hour": 7, "page_views": 0, "pages": 0, "view_items": 0, "carts": 0,
        "purchases": 0, "searches": 0, "searches_with_term": 0, "failed_searches": 0, "cart_items": 0, "cart_value": 0,
        "products_viewed": 0, "own_event_ids": false,
    })
}

/// A day's roll-up in which nothing happened.
pub fn day_base() -> Value {
    json!({
        "location_id": "", "revenue": 0, "purchases": 0, "visitors": 0, "carts": 0, "searches": 0,
        "failed_searches": 0, "abandoned_carts": 0, "page_views": 0,
    })
}

/// An hour's.
pub fn hour_base() -> Value {
    json!({
        "location_id": "", "revenue": 0, "purchases": 0, "visitors": 0, "carts": 0, "searches": 0, "failed_searches": 0,
    })
}

/// The id with this number.
pub fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// Microseconds since 1970 of an RFC 3339 instant.
pub fn at(instant: &str) -> i64 {
    DateTime::parse_from_rfc3339(instant).unwrap().timestamp_micros()
}
