//! API keys against their table: which ones hold, for how long, and that their use is noted.

use common::{
    auth::{
        AppState,
        api_key::{NewApiKey, Scope, create},
    },
    db::TenantTx,
    http::ApiError,
    ids::TenantId,
};
use secrecy::{ExposeSecret, SecretString};
use sqlx::AssertSqlSafe;
use testkit::{db::TestDb, oracle::TenantSettings, state, tenants, tokens};

struct Scene {
    state: AppState,
    tenant: TenantId,
    _db: TestDb,
}

impl Scene {
    async fn new() -> Self {
        let db = TestDb::new().await;
        let tenant = tenants::create(&db.app, &TenantSettings::default()).await;
        Self { state: state::state(&db), tenant, _db: db }
    }

    /// Why the key does not hold; empty when it does. Nothing is remembered from before.
    async fn refused(&self, key: &str) -> String {
        let fresh = AppState::new(self.state.pool.clone(), self.state.settings.as_ref().clone());
        match fresh.api_keys.verify(&fresh.pool, key).await {
            Ok(_) => String::new(),
            Err(ApiError::Unauthorized(reason)) => reason,
            Err(other) => panic!("{other}"),
        }
    }

    async fn run(&self, sql: &str) -> u64 {
        let mut tx = TenantTx::begin(&self.state.pool, self.tenant).await.unwrap();
        let rows = sqlx::query(AssertSqlSafe(sql.to_owned())).execute(tx.conn()).await.unwrap().rows_affected();
        tx.commit().await.unwrap();
        rows
    }
}

#[tokio::test]
async fn a_key_holds_with_its_scopes_until_it_is_revoked_or_expires() {
    let scene = Scene::new().await;
    let key = tokens::api_key(&scene.state, scene.tenant, &[Scope::Send, Scope::Ingest, Scope::Send]).await;
    let verified = scene.state.api_keys.verify(&scene.state.pool, &key).await.unwrap();
    assert_eq!((verified.tenant, verified.scopes.as_slice()), (scene.tenant, &[Scope::Ingest, Scope::Send][..]));
    assert!(verified.require(Scope::Send).is_ok() && verified.require(Scope::Read).is_err());
    assert!(!verified.is_only(Scope::Ingest));

    scene.run("update api_keys set expires_at = now() + interval '1 hour'").await;
    assert_eq!(scene.refused(&key).await, "");
    scene.run("update api_keys set expires_at = now() - interval '1 second'").await;
    assert_eq!(scene.refused(&key).await, "The API key has expired.");
    scene.run("update api_keys set expires_at = null, revoked_at = now()").await;
    assert_eq!(scene.refused(&key).await, "The API key was revoked.");
    scene.run("update api_keys set revoked_at = null").await;
    assert_eq!(scene.refused(&key).await, "");
    scene.run("update tenants set is_active = false").await;
    assert_eq!(scene.refused(&key).await, "The API key is not one of ours.");
}

#[tokio::test]
async fn a_near_miss_and_another_installations_key_look_alike() {
    let scene = Scene::new().await;
    let key = tokens::api_key(&scene.state, scene.tenant, &[Scope::Ingest]).await;
    let (head, last) = key.split_at(key.len() - 1);
    let near = format!("{head}{}", if last == "A" { "B" } else { "A" });
    let foreign = key.replacen(&scene.tenant.0.simple().to_string(), &TenantId::generate().0.simple().to_string(), 1);
    for wrong in [near.as_str(), foreign.as_str(), "gak_", "", "Bearer x"] {
        assert_eq!(scene.refused(wrong).await, "The API key is not one of ours.", "{wrong:?}");
    }
    let mut settings = scene.state.settings.as_ref().clone();
    settings.secrets_key = "the key of another installation".into();
    let other = AppState::new(scene.state.pool.clone(), settings);
    assert!(other.api_keys.verify(&other.pool, &key).await.is_err());
}

#[tokio::test]
async fn keys_survive_a_change_of_the_secrets_key_when_they_are_used_in_between() {
    let scene = Scene::new().await;
    let (used, unused) = (
        tokens::api_key(&scene.state, scene.tenant, &[Scope::Ingest]).await,
        tokens::api_key(&scene.state, scene.tenant, &[Scope::Ingest]).await,
    );
    let old = scene.state.settings.secrets_key.clone();
    let with = |previous: Option<SecretString>| {
        let mut settings = scene.state.settings.as_ref().clone();
        settings.secrets_key = "the next key of this installation".into();
        settings.secrets_key_previous = previous;
        AppState::new(scene.state.pool.clone(), settings)
    };
    let changing = with(Some(old));
    assert!(changing.api_keys.verify(&changing.pool, &used).await.is_ok());
    let (head, last) = unused.split_at(unused.len() - 1);
    let near = format!("{head}{}", if last == "A" { "B" } else { "A" });
    assert!(changing.api_keys.verify(&changing.pool, &near).await.is_err());
    let changed = with(None);
    assert!(changed.api_keys.verify(&changed.pool, &used).await.is_ok());
    assert!(changed.api_keys.verify(&changed.pool, &unused).await.is_err());
}

#[tokio::test]
async fn a_revoked_key_is_refused_within_a_second() {
    let scene = Scene::new().await;
    let key = tokens::api_key(&scene.state, scene.tenant, &[Scope::Ingest]).await;
    let (keys, pool) = (&scene.state.api_keys, &scene.state.pool);
    keys.verify(pool, &key).await.unwrap();
    scene.run("update api_keys set revoked_at = now()").await;
    tokio::time::sleep(std::time::Duration::from_millis(1000)).await;
    assert!(keys.verify(pool, &key).await.is_err());
}

#[tokio::test]
async fn use_is_noted_once_a_minute() {
    let scene = Scene::new().await;
    let key = tokens::api_key(&scene.state, scene.tenant, &[Scope::Ingest]).await;
    let lately = "update api_keys set name = name where last_used_at > now() - interval '5 seconds'";
    assert_eq!(scene.run(lately).await, 0);
    assert_eq!(scene.refused(&key).await, "");
    assert_eq!(scene.run(lately).await, 1);
    scene.run("update api_keys set last_used_at = now() - interval '50 seconds'").await;
    assert_eq!(scene.refused(&key).await, "");
    assert_eq!(scene.run(lately).await, 0, "a use within the minute is not written");
    scene.run("update api_keys set last_used_at = now() - interval '61 seconds'").await;
    assert_eq!(scene.refused(&key).await, "");
    assert_eq!(scene.run(lately).await, 1);
}

#[tokio::test]
async fn the_secret_is_nowhere_in_the_table() {
    let scene = Scene::new().await;
    let mut tx = TenantTx::begin(&scene.state.pool, scene.tenant).await.unwrap();
    let new =
        NewApiKey { tenant: scene.tenant, name: "Shop", scopes: &[Scope::Ingest], expires_at: None, created_by: None };
    let made = create(tx.conn(), &scene.state.api_keys, new).await.unwrap();
    let row: String =
        sqlx::query_scalar("select to_jsonb(k)::text from api_keys k").fetch_one(tx.conn()).await.unwrap();
    let secret = made.secret.expose_secret();
    assert!(row.contains(&made.prefix) && !row.contains(&secret[made.prefix.len()..]), "{row}");
    assert!(!format!("{made:?}").contains(&secret[made.prefix.len()..]));
}
