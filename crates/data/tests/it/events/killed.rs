//! kill -9 right after the answer: what was accepted is kept, and nothing of it comes twice.

use common::auth::AppState;
use common::auth::api_key::Scope;
use common::config::Settings;
use serde_json::{Value, json};
use testkit::db::TestDb;
use testkit::tokens;

use super::shop::now;
use crate::process::{Service, environment, free_port, tenant};

fn batch(round: usize, at: i64) -> Value {
    let visits = (0..10).map(|visitor| {
        let events: Vec<Value> = (0..10)
            .map(|n| json!({"name": "page_view", "params": {"session_id": 500, "page_location": format!("/{round}/{n}")}}))
            .collect();
        json!({"client_id": format!("v{visitor}"), "timestamp_micros": at, "events": events})
    });
    Value::Array(visits.collect())
}

#[tokio::test]
async fn a_kill_right_after_the_202_loses_and_doubles_nothing() {
    let db = TestDb::new().await;
    let folder = tempfile::tempdir().unwrap();
    let environment = environment(&db.settings, &folder.path().join("root"), free_port());
    let settings = Settings::from_vars(&environment).unwrap();
    let (tenant, token) = tenant(&db.app, &settings).await;
    let state = AppState::new(db.app.clone(), settings);
    let key = tokens::api_key(&state, tenant, &[Scope::Ingest]).await;
    let at = now();
    const ROUNDS: usize = 6;
    for round in 0..ROUNDS {
        let service = Service::start(&environment, folder.path(), tenant, &token).await;
        let body = batch(round, at);
        assert_eq!(service.post_events(&key, &body).await["accepted"], 100);
        // Sooner or later in what the folder does.
        tokio::time::sleep(std::time::Duration::from_millis(round as u64 * 13)).await;
        service.kill();
    }
    let service = Service::start(&environment, folder.path(), tenant, &token).await;
    // The client never heard the last answer.
    let again = service.post_events(&key, &batch(ROUNDS - 1, at)).await;
    assert_eq!((&again["accepted"], &again["duplicates"]), (&json!(0), &json!(100)));
    let figure = |sql: &'static str| {
        let pool = db.app.clone();
        async move {
            let mut tx = common::db::TenantTx::begin(&pool, tenant).await.unwrap();
            sqlx::query_scalar::<_, i64>(sql).fetch_one(tx.conn()).await.unwrap()
        }
    };
    for _ in 0..500 {
        if figure("select count(*) from posted_events").await == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let all = (ROUNDS * 100) as i64;
    assert_eq!(figure("select count(*) from posted_events").await, 0);
    assert_eq!(figure("select count(*) from page_view").await, all);
    assert_eq!(figure("select sum(page_views)::bigint from visits").await, all);
    assert_eq!(figure("select sum(page_views)::bigint from daily_stats where location_id = ''").await, all);
}
