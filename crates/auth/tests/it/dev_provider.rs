//! The development provider keeps the rules of the real ones: codes, PKCE, known addresses.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{
    browser::{Browser, Returned},
    support::Service,
};

const REDIRECT: &str = "http://localhost:3000/oauth/callback";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

fn authorize(change: &[(&str, &str)]) -> String {
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", "ga-intelligence-dev"),
        ("redirect_uri", REDIRECT),
        ("state", "of-the-client"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in change {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    let url = reqwest::Url::parse_with_params("http://x/dev/oauth/authorize", pairs).unwrap();
    format!("/dev/oauth/authorize?{}", url.query().unwrap())
}

async fn code(browser: &Browser) -> String {
    let Returned { code, state, .. } = browser.choose(&authorize(&[]), "vera.viewer@example.com").await;
    assert_eq!(state, "of-the-client");
    code
}

async fn exchange(browser: &Browser, code: &str, change: &[(&str, &str)]) -> (StatusCode, serde_json::Value) {
    let mut form = vec![
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("client_id", "ga-intelligence-dev"),
        ("code_verifier", VERIFIER),
    ];
    for (name, value) in change {
        form.retain(|(known, _)| known != name);
        form.push((name, value));
    }
    let answer = browser.send(Method::POST, "/dev/oauth/token", |request| request.form(&form)).await;
    (answer.status, answer.json())
}

#[tokio::test]
async fn a_code_and_its_verifier_give_a_token_for_the_person() {
    let service = Service::new().await;
    let browser = service.browser();
    let (status, tokens) = exchange(&browser, &code(&browser).await, &[]).await;
    assert_eq!(status, StatusCode::OK, "{tokens}");
    let token = tokens["access_token"].as_str().unwrap();
    let person = browser.get_as(token, "/dev/oauth/userinfo").await.json();
    assert_eq!(person["email"], "vera.viewer@example.com");
    assert_eq!(person["email_verified"], true);
    assert_eq!(browser.get_as("x", "/dev/oauth/userinfo").await.status, StatusCode::UNAUTHORIZED);
    // The two kinds of token do not pass for each other.
    assert_eq!(browser.get_as(token, "/auth/me").await.status, StatusCode::UNAUTHORIZED);
    let ours = browser.sign_in("vera.viewer@example.com").await;
    assert_eq!(browser.get_as(&ours, "/dev/oauth/userinfo").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_code_works_once_for_a_minute_and_only_with_all_it_was_given_for() {
    let service = Service::new().await;
    let browser = service.browser();
    let refused = (StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"}));
    let used = code(&browser).await;
    assert_eq!(exchange(&browser, &used, &[]).await.0, StatusCode::OK);
    assert_eq!(exchange(&browser, &used, &[]).await, refused);
    for change in [
        ("code_verifier", "another-verifier-that-is-long-enough-for-the-rfc"),
        ("code_verifier", CHALLENGE),
        ("redirect_uri", "http://localhost:3000/other"),
        ("client_id", "another"),
        ("grant_type", "refresh_token"),
    ] {
        let fresh = code(&browser).await;
        assert_eq!(exchange(&browser, &fresh, &[change]).await, refused, "{change:?}");
        assert_eq!(exchange(&browser, &fresh, &[]).await, refused, "the wrong try used it up: {change:?}");
    }
    let old = code(&browser).await;
    service.run("update dev_codes set expires_at = now() where used_at is null").await;
    assert_eq!(exchange(&browser, &old, &[]).await, refused);
    assert_eq!(exchange(&browser, "guessed", &[]).await, refused);
}

#[tokio::test]
async fn the_page_shows_the_demo_people_and_takes_no_wrong_request() {
    let service = Service::new().await;
    let browser = service.browser();
    let page = browser.visit(&authorize(&[])).await;
    for person in ["olivia.owner@example.com", "max.manager@example.com", "vera.viewer@example.com"] {
        assert!(page.text.contains(person), "{person}");
    }
    assert!(page.text.contains("<html lang=\"en\">") && page.text.contains("<label for=\"email\">"));
    let policy = page.header("content-security-policy");
    assert!(policy.contains("form-action 'self' http://localhost:3000;"), "{policy}");
    for change in [
        ("response_type", "token"),
        ("client_id", "another"),
        ("redirect_uri", "https://evil.test/"),
        ("code_challenge", "short"),
        ("code_challenge_method", "plain"),
        ("state", ""),
    ] {
        let answer = browser.visit(&authorize(&[change])).await;
        assert_eq!(answer.fields(), [change.0]);
    }
    let form = [
        ("email", "a@b.test"),
        ("response_type", "code"),
        ("client_id", "ga-intelligence-dev"),
        ("redirect_uri", "https://evil.test/"),
        ("state", "s"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
    ];
    let sent = browser.send(Method::POST, "/dev/oauth/authorize", |request| request.form(&form)).await;
    assert_eq!(sent.fields(), ["redirect_uri"]);
}
