//! What is remembered is forgotten within a second, whoever changed it, and not relied on when nothing is heard.

use std::time::{Duration, Instant};

use common::{
    auth::{Access, AppState, Role, access::Standing},
    db::TenantTx,
    ids::TenantId,
};
use sqlx::PgPool;
use testkit::{
    db::TestDb,
    oracle::TenantSettings,
    tokens::{Person, member},
};
use tokio_util::sync::CancellationToken;

struct Scene {
    db: TestDb,
    access: Access,
    tenant: TenantId,
    person: Person,
    stop: CancellationToken,
}

impl Scene {
    async fn new() -> Self {
        let db = TestDb::new().await;
        let state = AppState::new(db.app.clone(), testkit::state::settings(&db));
        let tenant = testkit::tenants::create(&db.app, &TenantSettings::default()).await;
        let person = member(&state, tenant, Role::Manager).await;
        let stop = CancellationToken::new();
        let scene = Self { access: state.access.clone(), db, tenant, person, stop };
        tokio::spawn(scene.access.clone().keep_listening(scene.stop.clone()));
        scene.until(Access::is_hearing).await;
        scene
    }

    async fn until(&self, holds: impl Fn(&Access) -> bool) {
        let started = Instant::now();
        while !holds(&self.access) {
            assert!(started.elapsed() < Duration::from_secs(20), "it never comes to be");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn standing(&self) -> Standing {
        self.access.standing(self.person.account, self.person.session, Some(self.tenant)).await.unwrap()
    }

    /// Changes something as the owner, and answers how long it took until it was seen.
    async fn seen_after(&self, sql: &'static str, seen: impl Fn(&Standing) -> bool) -> Duration {
        assert!(!seen(&self.standing().await));
        change(&self.db.app, self.tenant, sql).await;
        let started = Instant::now();
        while !seen(&self.standing().await) {
            assert!(started.elapsed() < Duration::from_secs(20), "{sql} is never seen");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        started.elapsed()
    }
}

async fn change(pool: &PgPool, tenant: TenantId, sql: &'static str) {
    let mut tx = TenantTx::begin(pool, tenant).await.unwrap();
    let changed = sqlx::query(sql).execute(tx.conn()).await.unwrap();
    assert_eq!(changed.rows_affected(), 1, "{sql}");
    tx.commit().await.unwrap();
}

/// Statements that read sessions, counted by the database.
async fn reads(pool: &PgPool) -> i64 {
    // Counters are written with a delay of up to a second.
    tokio::time::sleep(Duration::from_millis(1500)).await;
    sqlx::query_scalar(
        "select coalesce(sum(seq_scan + idx_scan), 0)::bigint from pg_stat_user_tables where relname = 'auth_sessions'",
    )
    .fetch_one(pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn what_is_remembered_costs_no_query() {
    let scene = Scene::new().await;
    scene.standing().await;
    let before = reads(&scene.db.owner).await;
    for _ in 0..500 {
        assert_eq!(scene.standing().await.role, Some(Role::Manager));
    }
    assert_eq!(reads(&scene.db.owner).await, before);
}

#[tokio::test]
async fn every_change_is_seen_within_a_second() {
    let scene = Scene::new().await;
    let second = Duration::from_secs(1);
    let role = "update memberships set role = 'viewer'";
    assert!(scene.seen_after(role, |standing| standing.role == Some(Role::Viewer)).await < second);
    let branches = "update memberships set branches = '{D01}'";
    assert!(scene.seen_after(branches, |standing| standing.branches.is_some()).await < second);
    let inactive = "update tenants set is_active = false";
    assert!(scene.seen_after(inactive, |standing| standing.role.is_none()).await < second);
    let active = "update tenants set is_active = true";
    assert!(scene.seen_after(active, |standing| standing.role.is_some()).await < second);
    let away = "update accounts set is_active = false";
    assert!(scene.seen_after(away, |standing| !standing.alive).await < second);
    let back = "update accounts set is_active = true";
    assert!(scene.seen_after(back, |standing| standing.alive).await < second);
    let removed = "delete from memberships";
    assert!(scene.seen_after(removed, |standing| standing.role.is_none()).await < second);
    let ended = "update auth_sessions set ended_at = now()";
    assert!(scene.seen_after(ended, |standing| !standing.alive).await < second);
}

#[tokio::test]
async fn without_the_channel_the_database_is_asked() {
    let scene = Scene::new().await;
    scene.standing().await;
    scene.stop.cancel();
    scene.until(|access| !access.is_hearing()).await;
    change(&scene.db.app, scene.tenant, "update memberships set role = 'viewer'").await;
    assert_eq!(scene.standing().await.role, Some(Role::Viewer));
    change(&scene.db.app, scene.tenant, "update auth_sessions set ended_at = now()").await;
    assert!(!scene.standing().await.alive);
}

#[tokio::test]
async fn a_connection_that_is_lost_is_made_anew() {
    let scene = Scene::new().await;
    scene.standing().await;
    let killed: i64 = sqlx::query_scalar(
        "select count(*) filter (where pg_terminate_backend(pid)) from pg_stat_activity
         where datname = current_database() and query like 'select pg_notify%'",
    )
    .fetch_one(&scene.db.owner)
    .await
    .unwrap();
    assert!(killed > 0);
    // Nothing is told while the channel is down; what happens then is seen all the same.
    change(&scene.db.app, scene.tenant, "update memberships set role = 'viewer'").await;
    let started = Instant::now();
    while scene.standing().await.role != Some(Role::Viewer) {
        assert!(started.elapsed() < Duration::from_secs(1), "it is not seen within a second");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    scene.until(Access::is_hearing).await;
    let ended = "update auth_sessions set ended_at = now()";
    assert!(scene.seen_after(ended, |standing| !standing.alive).await < Duration::from_secs(1));
}

#[tokio::test]
async fn a_session_ends_in_time_though_nobody_says_so() {
    let scene = Scene::new().await;
    change(&scene.db.app, scene.tenant, "update auth_sessions set expires_at = now() + interval '2 seconds'").await;
    assert!(scene.standing().await.alive);
    let started = Instant::now();
    while scene.standing().await.alive {
        assert!(started.elapsed() < Duration::from_millis(3200));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
