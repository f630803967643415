//! Nothing that opens anything is ever written to the logs.

use reqwest::{Method, StatusCode};
use secrecy::ExposeSecret;
use serde_json::json;
use testkit::logs::Lines;

use crate::support::{JWT_SECRET, Service};

#[tokio::test]
async fn a_sign_in_with_all_its_mishaps_leaves_no_secret_behind() {
    let lines = Lines::of_this_process();
    let service = Service::new().await;
    let browser = service.browser();
    let returned = browser.sign_in_at_provider("olivia.owner@example.com").await;
    let answer = browser.call_back(&returned).await;
    assert_eq!(answer.status, StatusCode::OK);
    let token = answer.json()["access_token"].as_str().unwrap().to_owned();
    browser.call_back(&returned).await;
    let refresh_token = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    let next = browser.refresh(&refresh_token).await.json()["refresh_token"].as_str().unwrap().to_owned();
    let invitation = format!("gai_{}_{}", "0".repeat(32), "z".repeat(43));
    browser.get(&format!("/auth/login?invitation={invitation}")).await;
    let wrong = browser.sign_in_at_provider("olivia.owner@example.com").await;
    browser.post("/auth/callback", &json!({"code": "a-guessed-code", "state": wrong.state})).await;
    browser.visit(&format!("/auth/callback?code={}&state={}", wrong.code, wrong.state)).await;
    browser.get_as(&format!("{token}x"), "/auth/me").await;
    browser.get_as(&token, "/auth/me").await;
    let tenant = common::ids::DEMO_TENANT;
    let made = |path: &'static str, body: serde_json::Value| {
        let (browser, token) = (&browser, token.clone());
        async move {
            let address = format!("/auth/tenants/{tenant}/{path}");
            let answer = browser.send(Method::POST, &address, |request| request.bearer_auth(token).json(&body)).await;
            assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
            answer.json()
        }
    };
    let invited = made("invitations", json!({"email": "guest@example.com", "role": "viewer"})).await;
    let invitation = invited["link"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    browser.visit(&format!("/auth/invitations/{invitation}")).await;
    browser.visit(&format!("/auth/invitations/{invitation}/more")).await;
    let key = made("api-keys", json!({"name": "Shop", "scopes": ["read"]})).await;
    let key = key["key"].as_str().unwrap().to_owned();
    browser.send(Method::GET, "/auth/me", |request| request.header("x-api-key", &key)).await;
    browser.send(Method::POST, "/auth/logout", |request| request.bearer_auth(&token)).await;
    let stolen = browser.sign_in_whole("olivia.owner@example.com").await["refresh_token"].as_str().unwrap().to_owned();
    browser.refresh(&stolen).await;
    browser.refresh(&stolen).await;

    let written = lines.text();
    assert!(
        written.contains("signed in") && written.contains("/auth/callback") && written.contains("signed out"),
        "{written}"
    );
    let settings = &service.state.settings;
    let cookie = browser.cookie("ga_login").unwrap();
    for secret in [
        token.as_str(),
        token.rsplit('.').next().unwrap(),
        &refresh_token,
        &next,
        &stolen,
        &invitation,
        &returned.code,
        &returned.state,
        &wrong.code,
        &wrong.state,
        "a-guessed-code",
        &invitation,
        &key,
        &cookie,
        JWT_SECRET,
        settings.database.app_password.expose_secret(),
        settings.secrets_key.expose_secret(),
    ] {
        assert!(!written.contains(secret), "{secret} is in the logs");
    }
}
