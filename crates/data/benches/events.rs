//! How many posted events a second are accepted and folded, how long an answer takes, and until what was accepted shows.
//!
//! `make bench ARGS="-p data-service --bench events"`, or with other sizes `BENCH_SECONDS=60 BENCH_RATE=20000 …`. Over
//! HTTP to the real router, senders, service and a durable PostgreSQL on the same machine; batches of 100 events of ten
//! visits, each by key, nothing sent twice.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, not a product")]

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::auth::api_key::Scope;
use common::db::TenantTx;
use common::ids::TenantId;
use data_service::events::fold::{Waiting, keep_folding};
use data_service::state::DataState;
use reqwest::header::CONTENT_TYPE;
use sqlx::PgPool;
use testkit::db::TestDb;
use testkit::http::TestServer;
use testkit::oracle::TenantSettings;
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events a second that the product promises on two cores, and how soon they show.
const PROMISED: f64 = 10_000.0;
const SOON: Duration = Duration::from_secs(2);
const BATCH: u64 = 100;

fn size(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// The batch of this number: ten visits of ten events that all land, one visit in ten with a purchase.
fn batch(number: u64) -> String {
    let now = chrono::Utc::now().timestamp_micros();
    let mut body = String::from("[");
    for visit in 0..10 {
        let (id, branch) = (number * 10 + visit, (number + visit) % 12);
        if visit > 0 {
            body.push(',');
        }
        let _ = write!(
            body,
            r#"{{"client_id":"{id}.1700000000","timestamp_micros":{now},"user_properties":{{"WebUserId":{{"value":"u{}"}},"default_branch_id":{{"value":"D{branch:02}"}}}},"events":["#,
            id % 5000,
        );
        for event in 0..10 {
            let at = now - 1_000_000 + event * 1000;
            let page = format!(
                r#""session_id":"{id}","engagement_time_msec":"100","page_location":"https://shop.test/{}","page_title":"Page {0}""#,
                (id + event as u64) % 500
            );
            let item = format!(
                r#""items":[{{"item_id":"SKU{}","item_name":"A valve of brass","item_category":"Valves","price":12.5,"quantity":2}}]"#,
                id % 300
            );
            let (name, params) = match event {
                3 | 5 => ("view_item", format!("{page},{item}")),
                6 => ("view_search_results", format!(r#"{page},"search_term":"valve {}""#, id % 50)),
                7 => ("add_to_cart", format!(r#"{page},"currency":"USD","value":25,{item}"#)),
                9 if id.is_multiple_of(10) => {
                    ("purchase", format!(r#"{page},"transaction_id":"T{id}","currency":"USD","value":25,{item}"#))
                }
                _ => ("page_view", page),
            };
            let comma = if event > 0 { "," } else { "" };
            let _ = write!(body, r#"{comma}{{"name":"{name}","timestamp_micros":{at},"params":{{{params}}}}}"#);
        }
        body.push_str("]}");
    }
    body.push(']');
    body
}

/// Posts batches on one connection, one each `pause`; answers how long each took.
async fn send(
    url: String,
    key: String,
    numbers: Arc<AtomicU64>,
    accepted: Arc<AtomicU64>,
    until: Instant,
    pause: Duration,
) -> Vec<Duration> {
    let client = reqwest::Client::builder().pool_max_idle_per_host(1).build().unwrap();
    let mut took = Vec::new();
    let mut pace = tokio::time::interval(pause);
    while Instant::now() < until {
        let body = batch(numbers.fetch_add(1, Ordering::Relaxed));
        pace.tick().await;
        let since = Instant::now();
        let request = client.post(format!("{url}/data/events")).header("X-Api-Key", &key);
        let answer = request.header(CONTENT_TYPE, "application/json").body(body).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        let text = answer.text().await.unwrap();
        took.push(since.elapsed());
        assert_eq!(text, format!(r#"{{"accepted":{BATCH},"duplicates":0,"rejected":[]}}"#));
        accepted.fetch_add(BATCH, Ordering::Relaxed);
    }
    took
}

/// Landed events in the roll-ups.
async fn shown(pool: &PgPool, tenant: TenantId) -> u64 {
    let mut tx = TenantTx::begin(pool, tenant).await.unwrap();
    let sql = "select coalesce(sum(events), 0)::bigint from day_events";
    let events: i64 = sqlx::query_scalar(sql).fetch_one(tx.conn()).await.unwrap();
    events.unsigned_abs()
}

/// Again and again: what is accepted now, and how long until it shows.
async fn watch(pool: PgPool, tenant: TenantId, accepted: Arc<AtomicU64>, stop: CancellationToken) -> Vec<Duration> {
    let mut took = Vec::new();
    while !stop.is_cancelled() {
        let (since, wanted) = (Instant::now(), accepted.load(Ordering::Relaxed));
        while shown(&pool, tenant).await < wanted {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        took.push(since.elapsed());
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    took
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` runs every bench once with this flag; measuring is not testing.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let (seconds, connections) = (size("BENCH_SECONDS", 15), size("BENCH_CONNECTIONS", 8));
    // A little more than is promised; a flood only shows how far folding falls behind.
    let wanted = size("BENCH_RATE", 12_000).max(1);
    let pause = Duration::from_nanos(1_000_000_000 * BATCH * connections / wanted);
    let db = TestDb::new().await;
    let app = testkit::state::state(&db);
    let tenant = testkit::tenants::create(&db.app, &TenantSettings::default()).await;
    let key = testkit::tokens::api_key(&app, tenant, &[Scope::Ingest]).await;
    let (waiting, stop) = (Waiting::default(), CancellationToken::new());
    let folder = tokio::spawn(keep_folding(db.app.clone(), waiting.clone(), stop.clone()));
    let server = TestServer::start(data_service::router(DataState { app, waiting })).await;

    let (numbers, accepted) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let watched = CancellationToken::new();
    let watcher = tokio::spawn(watch(db.app.clone(), tenant, Arc::clone(&accepted), watched.clone()));
    let since = Instant::now();
    let senders: Vec<_> = (0..connections)
        .map(|_| {
            let until = since + Duration::from_secs(seconds);
            tokio::spawn(send(
                server.url.clone(),
                key.clone(),
                Arc::clone(&numbers),
                Arc::clone(&accepted),
                until,
                pause,
            ))
        })
        .collect();
    let mut answers = Vec::new();
    for sender in senders {
        answers.extend(sender.await.unwrap());
    }
    let all = accepted.load(Ordering::Relaxed);
    let rate = all as f64 / since.elapsed().as_secs_f64();
    let ended = Instant::now();
    while shown(&db.app, tenant).await < all {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let last = ended.elapsed();
    watched.cancel();
    let mut visible = watcher.await.unwrap();
    stop.cancel();
    folder.await.unwrap();

    answers.sort_unstable();
    visible.sort_unstable();
    println!("accepted    {all:>9} events in batches of {BATCH} on {connections} connections: {rate:.0} events/s");
    println!("answers     {:>9.1?} median, {:.1?} p99", percentile(&answers, 50), percentile(&answers, 99));
    println!(
        "visible     {:>9.1?} median, {:.1?} at most; the last {last:.1?} after the end",
        percentile(&visible, 50),
        percentile(&visible, 100)
    );
    assert_eq!(shown(&db.app, tenant).await, all);
    assert!(rate >= PROMISED, "{rate:.0} events a second are fewer than the promised {PROMISED}");
    assert!(percentile(&visible, 100) < SOON && last < SOON, "what is accepted shows later than within {SOON:?}");
}
