//! A configured provider: what it is sent, and what happens when its answers are not as they should be.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use chrono::Utc;
use jsonwebtoken::{EncodingKey, Header};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser::{Answer, Browser},
    stub_provider::Stub,
    support::Service,
};

async fn service() -> (Service, Arc<Stub>) {
    with_emails(false).await
}

/// With a list of addresses beside the user-info endpoint, as GitHub has it, or without.
async fn with_emails(lists: bool) -> (Service, Arc<Stub>) {
    let (stub, url) = Stub::start().await;
    let (token, userinfo) = (format!("{url}/token"), format!("{url}/userinfo"));
    let emails = if lists { format!("{url}/emails") } else { String::new() };
    let service = Service::with(&[
        ("OAUTH_CLIENT_ID", "our-client"),
        ("OAUTH_CLIENT_SECRET", "our-secret"),
        ("OAUTH_AUTH_URL", "https://provider.test/authorize"),
        ("OAUTH_TOKEN_URL", &token),
        ("OAUTH_USERINFO_URL", &userinfo),
        ("OAUTH_EMAILS_URL", &emails),
    ])
    .await;
    (service, stub)
}

/// The parameters the provider's page gets.
async fn begin(browser: &Browser) -> BTreeMap<String, String> {
    let login_url = browser.get("/auth/login").await.json()["login_url"].as_str().unwrap().to_owned();
    reqwest::Url::parse(&login_url).unwrap().query_pairs().into_owned().collect()
}

async fn finish(browser: &Browser, state: &str) -> Answer {
    browser.post("/auth/callback", &json!({"code": "of the provider", "state": state})).await
}

fn id_token(claims: &Value) -> String {
    jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(b"of the provider")).unwrap()
}

#[tokio::test]
async fn it_gets_code_verifier_and_our_secret_and_the_person_is_matched_by_mail() {
    let (service, stub) = service().await;
    let browser = service.browser();
    let sent = begin(&browser).await;
    let answer = finish(&browser, &sent["state"]).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["username"], "olivia.owner@example.com");
    let (fields, authorization) = stub.asked.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap();
    let fields: BTreeMap<_, _> = fields.into_iter().collect();
    assert_eq!(fields["grant_type"], "authorization_code");
    assert_eq!(fields["code"], "of the provider");
    assert_eq!(fields["redirect_uri"], sent["redirect_uri"]);
    assert!(fields["code_verifier"].len() >= 43);
    assert!(authorization.unwrap().starts_with("Basic "));
}

#[tokio::test]
async fn an_id_token_must_be_about_this_sign_in() {
    let (service, stub) = service().await;
    let browser = service.browser();
    let hour = Utc::now().timestamp() + 3600;
    for (nonce, audience, expires, expected) in [
        (None, "our-client", hour, StatusCode::OK),
        (Some("another"), "our-client", hour, StatusCode::UNAUTHORIZED),
        (None, "another-client", hour, StatusCode::UNAUTHORIZED),
        (None, "our-client", hour - 7200, StatusCode::UNAUTHORIZED),
    ] {
        let sent = begin(&browser).await;
        let nonce = nonce.unwrap_or(&sent["nonce"]);
        let token = id_token(&json!({"nonce": nonce, "aud": [audience], "exp": expires, "sub": "1"}));
        Stub::set(&stub.token_answer, 200, json!({"access_token": "a", "token_type": "bearer", "id_token": token}));
        assert_eq!(finish(&browser, &sent["state"]).await.status, expected, "{nonce} {audience} {expires}");
    }
}

#[tokio::test]
async fn a_refused_code_is_401_and_a_provider_that_fails_is_503() {
    let (service, stub) = service().await;
    let browser = service.browser();
    for (status, body, expected) in [
        (400, json!({"error": "invalid_grant"}), StatusCode::UNAUTHORIZED),
        (500, json!({"oops": true}), StatusCode::SERVICE_UNAVAILABLE),
        (302, json!({}), StatusCode::SERVICE_UNAVAILABLE),
        (200, json!({"no": "token"}), StatusCode::SERVICE_UNAVAILABLE),
    ] {
        Stub::set(&stub.token_answer, status, body);
        let sent = begin(&browser).await;
        assert_eq!(finish(&browser, &sent["state"]).await.status, expected, "{status}");
    }
}

#[tokio::test]
async fn only_a_confirmed_address_counts() {
    let (service, stub) = service().await;
    let browser = service.browser();
    for (person, expected) in [
        (json!({"email": "olivia.owner@example.com", "email_verified": false}), StatusCode::FORBIDDEN),
        (json!({"sub": "1"}), StatusCode::FORBIDDEN),
        (json!({"email": " OLIVIA.owner@example.com "}), StatusCode::OK),
    ] {
        Stub::set(&stub.userinfo_answer, 200, person.clone());
        let sent = begin(&browser).await;
        assert_eq!(finish(&browser, &sent["state"]).await.status, expected, "{person}");
    }
    Stub::set(&stub.userinfo_answer, 401, json!({}));
    let sent = begin(&browser).await;
    assert_eq!(finish(&browser, &sent["state"]).await.status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn of_a_list_of_addresses_the_primary_and_verified_one_counts() {
    let (service, stub) = with_emails(true).await;
    let browser = service.browser();
    // As GitHub answers: a public address that nobody confirmed, or none.
    Stub::set(
        &stub.userinfo_answer,
        200,
        json!({"id": 1, "login": "liv", "name": "Liv", "email": "vera.viewer@example.com"}),
    );
    let (owner, other) = ("olivia.owner@example.com", "max.manager@example.com");
    for (addresses, expected) in [
        (
            json!([{"email": other, "primary": false, "verified": true}, {"email": owner, "primary": true, "verified": true, "visibility": null}]),
            StatusCode::OK,
        ),
        (json!([{"email": owner, "primary": true, "verified": false}]), StatusCode::FORBIDDEN),
        (json!([{"email": owner, "primary": false, "verified": true}]), StatusCode::FORBIDDEN),
        (json!([]), StatusCode::FORBIDDEN),
        (json!({"message": "Not Found"}), StatusCode::SERVICE_UNAVAILABLE),
    ] {
        Stub::set(&stub.emails_answer, 200, addresses.clone());
        let sent = begin(&browser).await;
        let answer = finish(&browser, &sent["state"]).await;
        assert_eq!(answer.status, expected, "{addresses}: {}", answer.text);
        if expected == StatusCode::OK {
            assert_eq!(answer.json()["username"], owner);
        }
    }
}
