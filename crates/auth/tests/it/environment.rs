//! What exists where: the development provider and the callback page never leave DEV.

use reqwest::{Method, StatusCode};

use crate::support::Service;

const PROD: &[(&str, &str)] = &[
    ("ENVIRONMENT", "PROD"),
    ("POSTGRES_PASSWORD", "f3kQz81mVb2x"),
    ("POSTGRES_APP_PASSWORD", "9sKd02mLqPw7"),
    ("JWT_SECRET_KEY", "5b1f0c9ae77d42c8b6f3e2d1a0948c7765fe01b2c3d4e5f60718293a4b5c6d7e"),
    ("SECRETS_KEY", "c0ffee5b1f0c9ae77d42c8b6f3e2d1a0948c7765fe01b2c3d4e5f60718293a4b"),
    ("FRONTEND_URL", "https://app.shop.test"),
    ("ANALYTICS_PUBLIC_URL", "https://api.shop.test"),
    ("OAUTH_REDIRECT_URI", "https://app.shop.test/oauth/callback"),
    ("OAUTH_CLIENT_ID", "client-7781"),
    ("OAUTH_CLIENT_SECRET", "GOCSPX-k2j3h4"),
];

async fn offers_dev_login(service: &Service) -> bool {
    let browser = service.browser();
    let mut found = Vec::new();
    for (method, path) in [
        (Method::GET, "/dev/oauth/authorize"),
        (Method::POST, "/dev/oauth/authorize"),
        (Method::POST, "/dev/oauth/token"),
        (Method::GET, "/dev/oauth/userinfo"),
    ] {
        found.push(browser.send(method, path, |request| request).await.status != StatusCode::NOT_FOUND);
    }
    assert!(found.windows(2).all(|pair| pair[0] == pair[1]), "{found:?}");
    found[0]
}

#[tokio::test]
async fn prod_has_no_development_provider_and_no_callback_page() {
    let service = Service::with(PROD).await;
    assert!(!offers_dev_login(&service).await);
    let browser = service.browser();
    assert_eq!(browser.visit("/auth/callback?code=x&state=y").await.status, StatusCode::METHOD_NOT_ALLOWED);
    let own = format!("/auth/login?redirect_uri={}/auth/callback", service.url);
    assert_eq!(browser.get(&own).await.fields(), ["redirect_uri"]);
    let begun = browser.visit("/auth/login").await;
    assert_eq!(begun.status, StatusCode::OK, "no browser is led on by itself");
    let login_url = begun.json()["login_url"].as_str().unwrap().to_owned();
    assert!(login_url.starts_with("https://accounts.google.com/o/oauth2/v2/auth?"), "{login_url}");
    assert!(
        login_url.contains("client_id=client-7781") && login_url.contains("scope=openid+email+profile"),
        "{login_url}"
    );
    assert!(!login_url.contains("GOCSPX"));
}

#[tokio::test]
async fn dev_offers_it_on_loopback_or_where_the_operator_says_so() {
    assert!(offers_dev_login(&Service::new().await).await);
    assert!(offers_dev_login(&Service::with(&[("SERVICE_HOST", "0.0.0.0"), ("ALLOW_DEV_LOGIN", "1")]).await).await);
    let open = Service::with(&[("SERVICE_HOST", "0.0.0.0")]).await;
    assert!(!offers_dev_login(&open).await);
    let answer = open.browser().get("/auth/login").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text.contains("ALLOW_DEV_LOGIN"));
}

#[tokio::test]
async fn a_configured_provider_takes_its_place() {
    let service = Service::with(&[("OAUTH_CLIENT_ID", "mine"), ("OAUTH_CLIENT_SECRET", "s3")]).await;
    assert!(!offers_dev_login(&service).await);
}

#[tokio::test]
async fn over_https_the_cookie_is_secure() {
    let service = Service::with(&[("BASE_URL", "https://auth.shop.test")]).await;
    assert!(service.browser().get("/auth/login").await.header("set-cookie").contains("Secure"));
}

#[tokio::test]
async fn the_service_is_ready_when_database_schema_and_queue_are() {
    let service = Service::new().await;
    let browser = service.browser();
    let ready = browser.get("/health/ready").await;
    assert_eq!(ready.status, StatusCode::OK, "{}", ready.text);
    assert_eq!(
        ready.json(),
        serde_json::json!({"status": "ready", "checks": {"database": "ok", "schema": "ok", "queue": "ok"}})
    );
    assert_eq!(browser.get("/health").await.json()["service"], "auth-service");
    service.run("delete from schema_functions").await;
    let not_ready = browser.get("/health/ready").await;
    assert_eq!(not_ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(not_ready.json()["checks"]["schema"].as_str().unwrap().contains("make db_setup"), "{}", not_ready.text);
}
