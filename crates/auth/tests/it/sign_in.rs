//! The main road: login, provider, callback, me, tenants, logout.

use chrono::{DateTime, Utc};
use common::ids::DEMO_TENANT;
use reqwest::{Method, StatusCode, header};
use serde_json::json;

use crate::support::Service;

const OWNER: &str = "olivia.owner@example.com";

#[tokio::test]
async fn a_person_signs_in_is_known_and_signs_out() {
    let service = Service::new().await;
    let browser = service.browser();
    let begun = browser.get("/auth/login").await;
    let login_url = begun.json()["login_url"].as_str().unwrap().to_owned();
    let url = reqwest::Url::parse(&login_url).unwrap();
    let query: std::collections::BTreeMap<_, _> = url.query_pairs().into_owned().collect();
    assert_eq!(query["response_type"], "code");
    assert_eq!(query["code_challenge_method"], "S256");
    assert_eq!(query["redirect_uri"], "http://localhost:3000/oauth/callback");
    assert_eq!(json!(query["state"]), begun.json()["state"]);
    assert!(query["nonce"].len() >= 32 && query["code_challenge"].len() == 43);
    let cookie = begun.header("set-cookie");
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/auth"),
        "{cookie}"
    );
    assert!(!cookie.contains("Secure"), "over plain http a browser would drop it: {cookie}");

    let returned = browser.choose(&login_url, OWNER).await;
    assert!(returned.address.starts_with("http://localhost:3000/oauth/callback?"));
    let answer = browser.call_back(&returned).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    let token = body["access_token"].as_str().unwrap().to_owned();
    let mut fields: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "access_token", "expires_in", "first_name", "message", "refresh_token", "success", "tenant_id", "tenants",
            "token_type", "username",
        ]
    );
    assert_eq!(body["success"], true);
    assert_eq!(body["tenant_id"], json!(DEMO_TENANT));
    assert_eq!(body["tenants"], json!([{"tenant_id": DEMO_TENANT, "name": "Demo Shop", "role": "owner"}]));
    assert_eq!((&body["first_name"], &body["username"]), (&json!("Olivia"), &json!(OWNER)));
    assert_eq!(body["token_type"], "Bearer");
    assert_eq!(body["refresh_token"].as_str().unwrap().len(), 43);
    assert!((86_390..=86_400).contains(&body["expires_in"].as_i64().unwrap()));

    let me = browser.get_as(&token, "/auth/me").await.json();
    assert_eq!(me["email"], OWNER);
    assert_eq!(me["name"], "Olivia Owner");
    assert_eq!(me["language"], "en");
    assert_eq!(me["tenants"], body["tenants"]);
    assert_eq!(me["session"]["ip"], "127.0.0.1");
    let expires: DateTime<Utc> = me["session"]["expires_at"].as_str().unwrap().parse().unwrap();
    assert!(expires > Utc::now());

    let out = browser.send(Method::POST, "/auth/logout", |request| request.bearer_auth(&token)).await;
    assert_eq!(out.status, StatusCode::OK, "{}", out.text);
    assert_eq!(out.json()["success"], true);
    for address in ["/auth/me", "/auth/tenants"] {
        let refused = browser.get_as(&token, address).await;
        assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
        assert!(refused.header("www-authenticate").starts_with("Bearer"));
    }
    let again = browser.send(Method::POST, "/auth/logout", |request| request.bearer_auth(&token)).await;
    assert_eq!(again.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_sign_out_ends_one_session_and_takes_the_token_from_the_body_too() {
    let service = Service::new().await;
    let browser = service.browser();
    let (one, other) = (browser.sign_in(OWNER).await, browser.sign_in(OWNER).await);
    let out = browser.post("/auth/logout", &json!({"access_token": one})).await;
    assert_eq!((out.status, &out.json()["success"]), (StatusCode::OK, &json!(true)));
    assert_eq!(browser.get_as(&one, "/auth/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.get_as(&other, "/auth/me").await.status, StatusCode::OK);
    assert_eq!(browser.send(Method::POST, "/auth/logout", |request| request).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.post("/auth/logout", &json!({})).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.post("/auth/logout", &json!({"access_token": "x.y.z"})).await.status, StatusCode::UNAUTHORIZED);
    let malformed = browser.send(Method::POST, "/auth/logout", |request| request.body("{")).await;
    assert_eq!(malformed.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_state_may_be_left_out_where_the_cookie_is_there() {
    let service = Service::new().await;
    let browser = service.browser();
    let returned = browser.sign_in_at_provider("max.manager@example.com").await;
    let answer = browser.post("/auth/callback", &json!({"code": returned.code})).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["tenants"][0]["role"], "manager");
}

#[tokio::test]
async fn sign_ins_in_two_windows_of_a_browser_do_not_disturb_each_other() {
    let service = Service::new().await;
    let browser = service.browser();
    let first = browser.sign_in_at_provider(OWNER).await;
    let second = browser.sign_in_at_provider("vera.viewer@example.com").await;
    assert_eq!(browser.call_back(&first).await.json()["username"], OWNER);
    assert_eq!(browser.call_back(&second).await.json()["username"], "vera.viewer@example.com");
}

#[tokio::test]
async fn a_bad_body_names_its_fields() {
    let service = Service::new().await;
    let browser = service.browser();
    assert_eq!(browser.post("/auth/callback", &json!({"state": ""})).await.fields(), ["code", "state"]);
    let text = browser
        .send(Method::POST, "/auth/callback", |request| request.header(header::CONTENT_TYPE, "text/plain").body("{}"))
        .await;
    assert_eq!(text.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}
