//! What it costs a request that its caller is known: a token's signature and claims, and the memory of who may do what.
//!
//! `make bench ARGS="-p common --bench verify"`. One thread, a real PostgreSQL behind the memory, which is asked once and then
//! only tells of changes.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, not a product")]

use std::time::{Duration, Instant};

use common::{
    auth::{AppState, Caller, Role},
    config::Settings,
    lifecycle,
};
use testkit::{db::TestDb, oracle::TenantSettings, tokens::join};
use tokio_util::sync::CancellationToken;

/// What the product promises.
const PROMISED: Duration = Duration::from_micros(100);
const REQUESTS: usize = 20_000;

/// The mean and the 99th of a hundred.
async fn measure(db: &TestDb, algorithm: &str) -> (Duration, Duration) {
    let mut settings: Settings = testkit::state::settings(db);
    settings.jwt.algorithm = algorithm.parse().unwrap();
    let state = AppState::new(db.app.clone(), settings);
    let stop = CancellationToken::new();
    let listening = tokio::spawn(state.clone().keep_fresh(stop.clone()));
    while !state.access.is_hearing() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let tenant = testkit::tenants::create(&db.app, &TenantSettings::default()).await;
    let account = testkit::tokens::account(&db.app, &format!("pat-{}@example.com", algorithm.to_lowercase())).await;
    join(&db.app, account, tenant, Role::Viewer, None).await;
    let session = common::ids::SessionId::generate();
    let ends = chrono::Utc::now() + chrono::Duration::hours(1);
    sqlx::query("insert into auth_sessions (session_id, account_id, expires_at) values ($1, $2, $3)")
        .bind(session)
        .bind(account)
        .bind(ends)
        .execute(&db.app)
        .await
        .unwrap();
    let (token, _) = state.issue_token(account, session, ends).await.unwrap();
    let mut took = Vec::with_capacity(REQUESTS);
    for _ in 0..REQUESTS {
        let started = Instant::now();
        let caller = Caller::of_token(&state, &token).await.unwrap();
        let standing = state.access.standing(caller.account_id, caller.session_id, Some(tenant)).await.unwrap();
        took.push(started.elapsed());
        assert_eq!(standing.role, Some(Role::Viewer));
    }
    stop.cancel();
    listening.await.unwrap();
    took.sort_unstable();
    let count = u32::try_from(REQUESTS).unwrap();
    (took.iter().sum::<Duration>() / count, took[REQUESTS * 99 / 100])
}

fn main() {
    lifecycle::install_tls_provider();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let db = TestDb::new().await;
        println!("a request's caller, {REQUESTS} times:");
        for algorithm in ["HS256", "RS256", "ES256", "EdDSA"] {
            let (mean, slow) = measure(&db, algorithm).await;
            println!("{algorithm:>6}  mean {mean:>9.1?}  99 of 100 under {slow:>9.1?}");
            assert!(mean < PROMISED, "{algorithm}: {mean:?} a request, promised are {PROMISED:?}");
        }
    });
}
