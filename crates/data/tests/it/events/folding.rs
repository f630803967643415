//! The folder: finds what waits by itself, goes on after failures, and keeps one tenant's trouble from the others.

use std::time::{Duration, Instant};

use common::auth::api_key::Scope;
use common::db::TenantTx;
use data_service::events::fold::{Waiting, keep_folding};
use serde_json::json;
use testkit::oracle::TenantSettings;
use testkit::{tenants, tokens};

use super::shop::{PostingShop, now, seconds, view};

/// Until the tenant's figures show it.
async fn seen(shop: &PostingShop, page_views: i64) -> Duration {
    let since = Instant::now();
    let sql = "select coalesce(sum(page_views), 0)::bigint from daily_stats where location_id = ''";
    while shop.number(sql).await != page_views {
        assert!(since.elapsed() < Duration::from_secs(30), "the figures do not show it");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    since.elapsed()
}

#[tokio::test]
async fn what_is_posted_shows_within_two_seconds_however_it_comes() {
    let shop = PostingShop::new().await;
    shop.scene.start_folding();
    for n in 1..=5 {
        shop.accept(&view("c", &format!("/{n}"), now() - seconds(n)), 1).await;
        let took = seen(&shop, n).await;
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
    // Of several days, in one body.
    let days = json!([
        view("d", "/", now() - seconds(2 * 86_400)),
        view("e", "/", now() - seconds(86_400)),
        view("f", "/", now())
    ]);
    shop.accept(&days, 3).await;
    let took = seen(&shop, 8).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
}

#[tokio::test]
async fn posts_that_waited_before_the_start_are_found_and_so_are_another_processs() {
    let shop = PostingShop::new().await;
    shop.accept(&view("c", "/old", now() - seconds(5)), 1).await;
    // Days ago, as far as the note of it says.
    shop.run("update due_work set due_at = now() - interval '9 days'").await;
    shop.scene.start_folding();
    seen(&shop, 1).await;
    // The other process has no folder in it that it could tell.
    let other = testkit::http::TestServer::start(data_service::router(shop.scene.state.clone())).await;
    let request = other.client().request(reqwest::Method::POST, "/data/events").header("X-Api-Key", &shop.key);
    testkit::http::Answer::of(request.json(&view("c", "/other", now()))).await.expect(202);
    let took = seen(&shop, 2).await;
    assert!(took < Duration::from_secs(4), "{took:?}");
}

/// Holds one of the locks that `load_staged_day` takes, posts for that tenant and for another, and asserts that the other's
/// show in time and the first one's as soon as the lock is free.
async fn one_waits_and_the_other_does_not(lock: &'static str) {
    let shop = PostingShop::new().await;
    shop.scene.start_folding();
    let pool = &shop.scene.state.pool;
    let utc = TenantSettings { zone: chrono_tz::UTC, ..TenantSettings::default() };
    let mut loads = Vec::new();
    // More of them than rounds at once: none of them may keep its turn.
    for _ in 0..5 {
        let loaded = tenants::create(pool, &utc).await;
        let key = tokens::api_key(&shop.scene.state, loaded, &[Scope::Ingest]).await;
        let mut load = TenantTx::begin(pool, loaded).await.unwrap();
        sqlx::query(lock).bind(loaded).bind(chrono::Utc::now().date_naive()).execute(load.conn()).await.unwrap();
        shop.post_as(&key, &view("c", "/", now())).await.expect(202);
        loads.push((loaded, load));
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    shop.accept(&view("c", "/", now()), 1).await;
    seen(&shop, 1).await;
    let waiting = "select count(*) from posted_events";
    for (loaded, mut load) in loads {
        assert_eq!(sqlx::query_scalar::<_, i64>(waiting).fetch_one(load.conn()).await.unwrap(), 1);
        load.commit().await.unwrap();
        let since = Instant::now();
        loop {
            let mut tx = TenantTx::begin(pool, loaded).await.unwrap();
            if sqlx::query_scalar::<_, i64>(waiting).fetch_one(tx.conn()).await.unwrap() == 0 {
                break;
            }
            assert!(since.elapsed() < Duration::from_secs(30));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

#[tokio::test]
async fn tenants_whose_day_is_being_loaded_wait_and_the_others_do_not() {
    one_waits_and_the_other_does_not(
        "select pg_advisory_xact_lock(hashtextextended('ga load day ' || $1::text || $2::text, 0))",
    )
    .await;
}

#[tokio::test]
async fn tenants_whose_visits_are_being_made_wait_and_the_others_do_not_for_long() {
    one_waits_and_the_other_does_not(
        "select pg_advisory_xact_lock(hashtextextended('ga load ' || $1::text, 0)), $2::date",
    )
    .await;
}

#[tokio::test]
async fn a_failure_is_tried_again() {
    let shop = PostingShop::new().await;
    shop.scene.start_folding();
    let run = |sql: &'static str| sqlx::raw_sql(sql).execute(&shop.scene.db.owner);
    run("alter function fold_posted_events(uuid, date, integer) rename to put_away").await.unwrap();
    shop.accept(&view("c", "/", now()), 1).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(shop.waiting().await, 1);
    run("alter function put_away(uuid, date, integer) rename to fold_posted_events").await.unwrap();
    seen(&shop, 1).await;
}

#[tokio::test]
async fn a_day_that_fails_keeps_no_other_day_waiting() {
    let shop = PostingShop::new().await;
    let run = |sql: &'static str| sqlx::raw_sql(sql).execute(&shop.scene.db.owner);
    run("alter table visits add constraint nobody check (user_pseudo_id <> 'nobody')").await.unwrap();
    // The newest day is the first one in each round.
    let days = json!([view("nobody", "/", now()), view("c", "/", now()), view("c", "/", now() - seconds(86_400))]);
    shop.accept(&days, 3).await;
    shop.scene.start_folding();
    seen(&shop, 1).await;
    assert_eq!(shop.waiting().await, 2, "all of the failed day waits");
    run("alter table visits drop constraint nobody").await.unwrap();
    seen(&shop, 3).await;
}

#[tokio::test]
async fn folders_of_two_processes_move_each_event_once() {
    let shop = PostingShop::new().await;
    shop.scene.start_folding();
    // Told by nobody, it finds by its scans what the first one has in hand.
    let stop = tokio_util::sync::CancellationToken::new();
    let _stop = stop.clone().drop_guard();
    tokio::spawn(keep_folding(shop.scene.state.pool.clone(), Waiting::default(), stop));
    let at = now() - seconds(60);
    for round in 0..30 {
        let bodies = (0..10).map(|visitor| view(&format!("v{visitor}"), &format!("/{round}"), at)).collect();
        shop.accept(&serde_json::Value::Array(bodies), 10).await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    seen(&shop, 300).await;
    let kept = shop.tables().await;
    shop.run(&format!("select rebuild_rollups('{}')", shop.scene.tenant)).await;
    assert_eq!(shop.tables().await, kept);
    assert_eq!(shop.number("select sum(events)::bigint from day_events").await, 300);
}

#[tokio::test]
async fn a_backlog_is_folded_in_batches() {
    let shop = PostingShop::new().await;
    let at = now() - seconds(3600);
    for n in 0..12 {
        let body: Vec<_> = (0..40)
            .map(|o| {
                let events: Vec<_> = (0..25)
                    .map(
                        |e| json!({"name": "page_view", "params": {"session_id": o, "page_location": format!("/{e}")}}),
                    )
                    .collect();
                json!({"client_id": format!("c{n}"), "timestamp_micros": at, "events": events})
            })
            .collect();
        shop.accept(&json!(body), 1000).await;
    }
    assert_eq!(shop.waiting().await, 12_000);
    shop.scene.start_folding();
    seen(&shop, 12_000).await;
    assert_eq!(shop.number("select count(*) from visits").await, 480);
}
