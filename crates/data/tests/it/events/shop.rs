//! A tenant whose site posts its events with an API key.

use std::time::{Duration, Instant};

use common::auth::api_key::Scope;
use common::db::TenantTx;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use testkit::http::{Answer, Client};
use testkit::oracle::TenantSettings;
use testkit::tokens;

use crate::scene::Scene;
use crate::support::tables;

/// How long a test waits for what takes two seconds at most on a machine that has nothing else to do.
const PATIENCE: Duration = Duration::from_secs(30);

pub struct PostingShop {
    pub scene: Scene,
    pub key: String,
}

impl PostingShop {
    /// In UTC and USD; nobody folds yet.
    pub async fn new() -> Self {
        Self::with(Scene::new().await).await
    }

    pub async fn of(settings: &TenantSettings) -> Self {
        Self::with(Scene::of(settings).await).await
    }

    async fn with(scene: Scene) -> Self {
        let key = tokens::api_key(&scene.state, scene.tenant, &[Scope::Ingest]).await;
        Self { scene, key }
    }

    /// As a machine.
    pub async fn post(&self, body: &Value) -> Answer {
        self.post_as(&self.key, body).await
    }

    pub async fn post_as(&self, key: &str, body: &Value) -> Answer {
        self.send(|request| request.header("X-Api-Key", key).json(body)).await
    }

    /// A body as it is, said to be JSON.
    pub async fn post_text(&self, body: impl Into<String>) -> Answer {
        let body: String = body.into();
        self.send(|r| r.header("X-Api-Key", &self.key).header("content-type", "application/json").body(body)).await
    }

    pub async fn post_bytes(&self, body: Vec<u8>) -> Answer {
        self.send(|r| r.header("X-Api-Key", &self.key).header("content-type", "application/json").body(body)).await
    }

    pub async fn post_with_key(&self, idempotency_key: &str, body: &Value) -> Answer {
        self.send(|request| {
            request.header("X-Api-Key", &self.key).header("Idempotency-Key", idempotency_key).json(body)
        })
        .await
    }

    pub async fn send(&self, dress: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder) -> Answer {
        Answer::of(dress(Client::new(&self.scene.server.url).request(Method::POST, "/data/events"))).await
    }

    /// Posts what must be taken whole.
    pub async fn accept(&self, body: &Value, accepted: u64) {
        let answer = self.post(body).await.expect(202);
        assert_eq!(answer, json!({"accepted": accepted, "duplicates": 0, "rejected": []}));
    }

    pub async fn run(&self, sql: &str) {
        let mut tx = TenantTx::begin(&self.scene.state.pool, self.scene.tenant).await.unwrap();
        sqlx::query(AssertSqlSafe(sql.to_owned())).execute(tx.conn()).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Sets limits that differ from Google's.
    pub async fn limit(&self, limits: Value) {
        self.run(&format!(
            "insert into sources (tenant_id, event_limits) values ('{}', '{limits}')
             on conflict (tenant_id) do update set event_limits = excluded.event_limits",
            self.scene.tenant
        ))
        .await;
    }

    /// One row as JSON; its columns in the order of the select do not matter.
    pub async fn row(&self, sql: &str) -> Value {
        let mut tx = TenantTx::begin(&self.scene.state.pool, self.scene.tenant).await.unwrap();
        let sql = format!("select to_jsonb(q) from ({sql}) q");
        sqlx::query_scalar::<_, Value>(AssertSqlSafe(sql)).fetch_one(tx.conn()).await.unwrap()
    }

    /// Everything that is made of events, as text.
    pub async fn tables(&self) -> Vec<(String, Vec<String>)> {
        tables(&self.scene.state.pool, self.scene.tenant, true).await
    }

    /// Makes the answer to this key older. The services' role may not: its owner does, who is held by the wall as well.
    pub async fn age_answers(&self, key: &str, hours: i32) {
        let mut tx = self.scene.db.owner.begin().await.unwrap();
        sqlx::query("select set_config('app.tenant_id', $1, true)")
            .bind(self.scene.tenant.to_string())
            .execute(&mut *tx)
            .await
            .unwrap();
        sqlx::query(
            "update idempotent_answers set created_at = now() - make_interval(hours => $2) where idempotency_key = $1",
        )
        .bind(key)
        .bind(hours)
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn number(&self, sql: &str) -> i64 {
        let mut tx = TenantTx::begin(&self.scene.state.pool, self.scene.tenant).await.unwrap();
        sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql.to_owned())).fetch_one(tx.conn()).await.unwrap()
    }

    /// Events waiting for the folder.
    pub async fn waiting(&self) -> i64 {
        self.number("select count(*) from posted_events").await
    }

    /// Waits until nothing waits any more; somebody must be folding.
    pub async fn until_folded(&self) {
        let since = Instant::now();
        while self.waiting().await > 0 {
            assert!(since.elapsed() < PATIENCE, "posted events are not folded");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Now, in microseconds since 1970.
pub fn now() -> i64 {
    chrono::Utc::now().timestamp_micros()
}

/// Microseconds of so many seconds.
pub const fn seconds(n: i64) -> i64 {
    n * 1_000_000
}

/// A page view at a time, of a visitor in session 500.
pub fn view(visitor: &str, page: &str, at: i64) -> Value {
    json!({"client_id": visitor, "timestamp_micros": at, "events": [
        {"name": "page_view", "params": {"session_id": 500, "page_location": page}}]})
}

/// An object of these events, of one visitor, a minute ago.
pub fn object(events: Value) -> Value {
    json!({"client_id": "c.1", "timestamp_micros": now() - seconds(60), "events": events})
}
