//! The operator's commands: what they print works.

use auth_service::cli::{CreateTenant, TokenCommand, create_tenant, print_token};
use common::{
    auth::{AppState, Role},
    config::Environment,
    ids::{DEMO_TENANT, TenantId},
};
use reqwest::StatusCode;
use serde_json::json;

use crate::support::Service;

/// The two values, and that nothing else was printed.
fn exports(out: Vec<u8>) -> (String, TenantId) {
    let text = String::from_utf8(out).unwrap();
    let lines: Vec<_> = text.lines().collect();
    let [token, tenant] = lines.as_slice() else { panic!("{text}") };
    let token = token.strip_prefix("export TOKEN=").unwrap();
    (token.to_owned(), tenant.strip_prefix("export TENANT_ID=").unwrap().parse().unwrap())
}

async fn token(state: &AppState, tenant: Option<TenantId>, email: Option<&str>) -> anyhow::Result<(String, TenantId)> {
    let mut out = Vec::new();
    print_token(state, TokenCommand { tenant, email: email.map(str::to_owned) }, &mut out).await?;
    Ok(exports(out))
}

async fn email_of(service: &Service, token: &str) -> String {
    let me = service.browser().get_as(token, "/auth/me").await;
    assert_eq!(me.status, StatusCode::OK, "{}", me.text);
    me.json()["email"].as_str().unwrap().to_owned()
}

fn acme(owner: &str, print_token: bool) -> CreateTenant {
    CreateTenant {
        name: String::from("Acme"),
        owner: owner.to_owned(),
        time_zone: String::from("America/New_York"),
        currency: String::from("usd"),
        week_start: String::from("sunday"),
        print_token,
    }
}

#[tokio::test]
async fn a_token_is_for_the_demo_owner_unless_said_otherwise() {
    let service = Service::new().await;
    let second = service.tenant("Second", "ben@second.test").await;
    let (one, tenant) = token(&service.state, None, None).await.unwrap();
    assert_eq!((tenant, email_of(&service, &one).await), (DEMO_TENANT, "olivia.owner@example.com".into()));
    let (other, tenant) = token(&service.state, Some(second), None).await.unwrap();
    assert_eq!((tenant, email_of(&service, &other).await), (second, "ben@second.test".into()));
    let (ben, tenant) = token(&service.state, None, Some("Ben@Second.test")).await.unwrap();
    assert_eq!((tenant, email_of(&service, &ben).await), (second, "ben@second.test".into()));
    let (vera, _) = token(&service.state, Some(DEMO_TENANT), Some("vera.viewer@example.com")).await.unwrap();
    assert_eq!(email_of(&service, &vera).await, "vera.viewer@example.com");
    for (tenant, email) in [
        (Some(second), Some("vera.viewer@example.com")),
        (Some(TenantId::generate()), None),
        (None, Some("nobody@example.com")),
    ] {
        assert!(token(&service.state, tenant, email).await.is_err(), "{tenant:?} {email:?}");
    }
}

#[tokio::test]
async fn in_prod_a_token_is_for_owners_only() {
    let service = Service::new().await;
    let mut settings = service.state.settings.as_ref().clone();
    settings.environment = Environment::Prod;
    let prod = AppState::new(service.state.pool.clone(), settings);
    assert!(token(&prod, None, None).await.is_ok());
    assert!(token(&prod, None, Some("max.manager@example.com")).await.is_err());
}

#[tokio::test]
async fn a_new_tenant_is_empty_owned_and_ready_to_use() {
    let service = Service::new().await;
    let mut out = Vec::new();
    create_tenant(&service.state, acme("Ann@Acme.test", true), &mut out).await.unwrap();
    let (token, tenant) = exports(out);
    assert_eq!(email_of(&service, &token).await, "ann@acme.test");
    let page = service.browser().get_as(&token, "/auth/tenants").await.json();
    assert_eq!(
        page["data"],
        json!([{"tenant_id": tenant, "name": "Acme", "role": Role::Owner, "branches": null,
            "time_zone": "America/New_York", "currency": "USD", "week_start": 7}])
    );
    let mut out = Vec::new();
    create_tenant(&service.state, acme("ann@acme.test", false), &mut out).await.unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(text.starts_with("created the tenant ") && text.contains("(Acme)"), "{text}");
}

#[tokio::test]
async fn all_bad_settings_of_a_tenant_are_named_at_once() {
    let service = Service::new().await;
    let command =
        CreateTenant { time_zone: String::from("Berlin"), currency: String::from("euro"), ..acme("ann", false) };
    let error = create_tenant(&service.state, command, &mut Vec::new()).await.unwrap_err().to_string();
    assert!(["time_zone", "currency", "email"].iter().all(|field| error.contains(field)), "{error}");
}
