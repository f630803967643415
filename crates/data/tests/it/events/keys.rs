//! Who may post: machines by a key with the right scope, managers by their token, and each for their own tenant.

use common::auth::Role;
use common::auth::api_key::Scope;
use reqwest::Method;
use serde_json::json;
use testkit::http::{Answer, Client};
use testkit::oracle::TenantSettings;
use testkit::{tenants, tokens};

use super::shop::{PostingShop, now, view};

#[tokio::test]
async fn a_key_posts_for_its_own_tenant_and_no_other() {
    let shop = PostingShop::new().await;
    let state = &shop.scene.state;
    let other = tenants::create(&state.pool, &TenantSettings::default()).await;
    let foreign = tokens::api_key(state, other, &[Scope::Ingest]).await;
    let named = |key: String, tenant: String| {
        shop.send(move |r| r.header("X-Api-Key", key).header("X-Tenant-Id", tenant).json(&view("c", "/", now())))
    };
    named(shop.key.clone(), shop.scene.tenant.to_string()).await.expect(202);
    named(foreign.clone(), shop.scene.tenant.to_string()).await.problem(400);
    named(shop.key.clone(), other.to_string()).await.problem(400);
    named(shop.key.clone(), "x".into()).await.problem(400);
    // Without the header the key says whose events these are.
    shop.post_as(&foreign, &view("c", "/", now())).await.expect(202);
    assert_eq!(shop.waiting().await, 1);
}

#[tokio::test]
async fn a_key_needs_the_scope_and_has_to_hold() {
    let shop = PostingShop::new().await;
    let state = &shop.scene.state;
    let body = view("c", "/", now());
    let reader = tokens::api_key(state, shop.scene.tenant, &[Scope::Read, Scope::Send]).await;
    let refused = shop.post_as(&reader, &body).await.problem(403);
    assert!(refused["detail"].as_str().unwrap().contains("scope ingest"), "{refused}");
    for wrong in ["", "gak_", "x", &shop.key[..79], &format!("{}A", shop.key)] {
        let answer = shop.post_as(wrong, &body).await;
        answer.problem(401);
        assert!(answer.header("www-authenticate").is_some());
    }
    for change in ["revoked_at = now()", "revoked_at = null, expires_at = now() - interval '1 minute'"] {
        let key = tokens::api_key(state, shop.scene.tenant, &[Scope::Ingest]).await;
        shop.run(&format!("update api_keys set {change} where starts_with('{key}', prefix)")).await;
        shop.post_as(&key, &body).await.problem(401);
    }
    let person = tokens::member(state, shop.scene.tenant, Role::Owner).await;
    shop.send(|r| r.header("X-Api-Key", &shop.key).bearer_auth(&person.token).json(&body)).await.problem(401);
    shop.send(|r| r.header("X-Api-Key", &shop.key).header("X-Api-Key", &reader).json(&body)).await.problem(401);
    assert_eq!(shop.waiting().await, 0);
}

#[tokio::test]
async fn managers_post_and_viewers_do_not() {
    let shop = PostingShop::new().await;
    for (role, status) in [(Role::Owner, 202), (Role::Manager, 202), (Role::Viewer, 403), (Role::Service, 403)] {
        let person = tokens::member(&shop.scene.state, shop.scene.tenant, role).await;
        let client = Client::new(&shop.scene.server.url).of(&person, shop.scene.tenant);
        let answer = client.post("/data/events", &view(role.as_str(), "/", now())).await;
        assert_eq!(answer.status, status, "{role:?}: {}", answer.text());
    }
    assert_eq!(shop.waiting().await, 2);
    // A key to post opens nothing to be read.
    let request = Client::new(&shop.scene.server.url).request(Method::GET, "/data/availability");
    Answer::of(request.header("X-Api-Key", &shop.key).header("X-Tenant-Id", shop.scene.tenant.to_string()))
        .await
        .problem(403);
    shop.post(&json!({})).await.problem(422);
}
