//! Who enters for the first time: by an invitation to their address, or because their domain is let in; nobody else.

use auth_service::invitations::InvitationKey;
use common::{db::TenantTx, ids::TenantId};
use reqwest::StatusCode;
use serde_json::json;

use crate::{
    browser::{Answer, Browser},
    oidc_provider::{OidcProvider, sign_in, sign_in_up_to_callback},
    support::Service,
};

const GUEST: &str = "gwen.guest@elsewhere.test";

/// Puts an invitation there; the token of its link.
async fn invite(service: &Service, tenant: TenantId, email: &str) -> String {
    let token = format!("gai_{}_{}", tenant.uuid().simple(), "x".repeat(43));
    let key = InvitationKey::of(&token).unwrap();
    let mut tx = TenantTx::begin(&service.state.pool, tenant).await.unwrap();
    sqlx::query(
        "insert into invitations (tenant_id, invitation_id, email, role, token_hash, expires_at)
         values ($1, gen_random_uuid(), $2, 'manager', $3, now() + interval '7 days')",
    )
    .bind(tenant)
    .bind(email)
    .bind(key.token_hash)
    .execute(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();
    token
}

async fn allow(service: &Service, tenant: TenantId, domain: &str) {
    let mut tx = TenantTx::begin(&service.state.pool, tenant).await.unwrap();
    sqlx::query("insert into tenant_domains (tenant_id, domain) values ($1, $2)")
        .bind(tenant)
        .bind(domain)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

async fn accounts(service: &Service, email: &str) -> i64 {
    sqlx::query_scalar("select count(*) from accounts where email = $1")
        .bind(email)
        .fetch_one(&service.db.owner)
        .await
        .unwrap()
}

/// At the development provider, by an invitation's link.
async fn come_by(browser: &Browser, token: &str, email: &str) -> Answer {
    let begun = browser.get(&format!("/auth/login?invitation={token}")).await;
    assert_eq!(begun.status, StatusCode::OK, "{}", begun.text);
    let returned = browser.choose(begun.json()["login_url"].as_str().unwrap(), email).await;
    browser.call_back(&returned).await
}

#[tokio::test]
async fn an_invitation_makes_its_addressee_a_member_once() {
    let service = Service::new().await;
    let tenant = service.tenant("Acme", "ada@acme.test").await;
    let token = invite(&service, tenant, GUEST).await;
    let browser = service.browser();

    let stranger = come_by(&browser, &token, "eve@elsewhere.test").await;
    assert_eq!(stranger.status, StatusCode::FORBIDDEN, "{}", stranger.text);
    assert!(stranger.text.contains("for another e-mail address"), "{}", stranger.text);
    assert_eq!(accounts(&service, "eve@elsewhere.test").await, 0, "nobody has an account for trying");

    let answer = come_by(&browser, &token, GUEST).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["tenant_id"], json!(tenant));
    assert_eq!(answer.json()["tenants"], json!([{"tenant_id": tenant, "name": "Acme", "role": "manager"}]));
    assert_eq!(service.audited(tenant, "member.joined").await.len(), 1);
    let signed_in = service.audited(tenant, "sign_in.succeeded").await;
    assert_eq!(signed_in[0].0, GUEST);

    let again = come_by(&browser, &token, GUEST).await;
    assert_eq!(again.status, StatusCode::FORBIDDEN);
    assert!(again.text.contains("used already"), "{}", again.text);
    assert!(browser.sign_in_whole(GUEST).await["success"].as_bool().unwrap(), "a member signs in without it");
}

#[tokio::test]
async fn an_invitation_to_a_second_company_is_where_one_begins() {
    let service = Service::new().await;
    let tenant = service.tenant("Acme", "ada@acme.test").await;
    let token = invite(&service, tenant, "olivia.owner@example.com").await;
    let answer = come_by(&service.browser(), &token, "olivia.owner@example.com").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["tenant_id"], json!(tenant));
    assert_eq!(answer.json()["tenants"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_text_that_is_no_invitation_is_told_at_once() {
    let service = Service::new().await;
    for text in ["x", "gai_", "gai_00000000000070008000000000000d001_x"] {
        let answer = service.browser().get(&format!("/auth/login?invitation={text}")).await;
        assert_eq!(answer.fields(), ["invitation"], "{text}");
    }
    // One in the right form that nobody made is told where all others are.
    let made_up = format!("gai_{}_{}", TenantId::generate().uuid().simple(), "y".repeat(43));
    let answer = come_by(&service.browser(), &made_up, GUEST).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text);
    assert_eq!(accounts(&service, GUEST).await, 0);
    assert_eq!(service.failures().await, ["not invited"]);
}

#[tokio::test]
async fn a_domain_lets_its_people_in_and_no_other() {
    let service = Service::new().await;
    let tenant = service.tenant("Acme", "ada@acme.test").await;
    allow(&service, tenant, "acme.test").await;
    let browser = service.browser();
    for stranger in ["eve@notacme.test", "eve@sub.acme.test", "eve@acme.test.evil.test", "acme.test@evil.test"] {
        let returned = browser.sign_in_at_provider(stranger).await;
        assert_eq!(browser.call_back(&returned).await.status, StatusCode::FORBIDDEN, "{stranger}");
        assert_eq!(accounts(&service, stranger).await, 0, "{stranger}");
    }
    let answer = browser.sign_in_whole("Bob@ACME.test").await;
    assert_eq!(answer["username"], "bob@acme.test");
    assert_eq!(answer["tenants"], json!([{"tenant_id": tenant, "name": "Acme", "role": "viewer"}]));
    assert_eq!(browser.sign_in_whole("bob@acme.test").await["tenants"].as_array().unwrap().len(), 1);
    assert_eq!(service.audited(tenant, "member.joined").await.len(), 1);
    service.run("update accounts set is_active = false where email = 'bob@acme.test'").await;
    let returned = browser.sign_in_at_provider("bob@acme.test").await;
    assert_eq!(browser.call_back(&returned).await.status, StatusCode::FORBIDDEN, "who was deactivated stays out");
}

#[tokio::test]
#[cfg_attr(not(oidc_provider), ignore = "needs scripts/oidc_provider.sh install")]
async fn what_a_provider_does_not_confirm_makes_nobody_a_member() {
    let provider = OidcProvider::start();
    let service = provider.service().await;
    let tenant = service.tenant("Acme", "silent.ada@acme.test").await;
    allow(&service, tenant, "acme.test").await;
    // Nothing is said of it: a member may come in, and nobody becomes one.
    assert_eq!(sign_in(&service, "silent.ada@acme.test").await.status, StatusCode::OK);
    for stranger in ["silent.bob@acme.test", "unconfirmed.bob@acme.test"] {
        assert_eq!(sign_in(&service, stranger).await.status, StatusCode::FORBIDDEN, "{stranger}");
        let token = invite(&service, service.tenant("Other", "o@o.test").await, stranger).await;
        let browser = service.browser();
        let login = format!("/auth/login?invitation={token}");
        let returned = sign_in_up_to_callback(&browser, &login, stranger).await;
        let answer = browser.call_back(&returned).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{stranger}");
        assert!(answer.text.contains("not confirmed"), "{}", answer.text);
        assert_eq!(accounts(&service, stranger).await, 0, "{stranger}");
    }
    let token = invite(&service, service.tenant("Third", "t@t.test").await, GUEST).await;
    let browser = service.browser();
    let returned = sign_in_up_to_callback(&browser, &format!("/auth/login?invitation={token}"), GUEST).await;
    let answer = browser.call_back(&returned).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["tenants"][0]["name"], "Third");
}
