//! Every wrong token is refused by the running service, in the same way.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::Utc;
use common::ids::AccountId;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{JWT_SECRET, Service};

fn claims_of(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

fn sign(algorithm: Algorithm, claims: &Value, key: &str) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key.as_bytes())).unwrap()
}

fn unsigned(claims: &Value, signature: &str) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(json!({"alg": "none", "typ": "JWT"})), part(claims.clone()))
}

#[tokio::test]
async fn only_a_token_as_it_was_issued_opens_anything() {
    let service = Service::new().await;
    let browser = service.browser();
    let good = browser.sign_in("olivia.owner@example.com").await;
    let claims = claims_of(&good);
    assert_eq!(browser.get_as(&sign(Algorithm::HS256, &claims, JWT_SECRET), "/auth/me").await.status, StatusCode::OK);
    let changed = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        sign(Algorithm::HS256, &claims, JWT_SECRET)
    };
    let mut tampered = good.clone();
    let middle = tampered.find('.').unwrap() + 5;
    let other = if tampered.as_bytes()[middle] == b'A' { "B" } else { "A" };
    tampered.replace_range(middle..=middle, other);
    let another: AccountId = sqlx::query_scalar("select account_id from accounts where email like 'vera%'")
        .fetch_one(&service.state.pool)
        .await
        .unwrap();
    let now = Utc::now().timestamp();
    for (why, token) in [
        ("no algorithm", unsigned(&claims, "")),
        ("no algorithm, with a signature", unsigned(&claims, good.rsplit('.').next().unwrap())),
        ("HS384", sign(Algorithm::HS384, &claims, JWT_SECRET)),
        ("HS512", sign(Algorithm::HS512, &claims, JWT_SECRET)),
        ("another key", sign(Algorithm::HS256, &claims, "another")),
        ("changed", tampered),
        ("another issuer", changed("iss", json!("http://evil.test"))),
        ("another audience", changed("aud", json!("another"))),
        ("expired", changed("exp", json!(now - 60))),
        ("from the future", changed("iat", json!(now + 3600))),
        ("another account's session", changed("sub", json!(another))),
        ("no such session", changed("sid", json!(AccountId::generate()))),
        ("nothing", String::new()),
    ] {
        let answer = browser.get_as(&token, "/auth/me").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{why}");
        assert!(answer.header("www-authenticate").starts_with("Bearer"), "{why}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
    assert_eq!(browser.get("/auth/me").await.status, StatusCode::UNAUTHORIZED);
    let basic = browser.send(reqwest::Method::GET, "/auth/me", |request| request.basic_auth("a", Some("b"))).await;
    assert_eq!(basic.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.get_as(&good, "/auth/me").await.status, StatusCode::OK);
}
