//! Tokens signed with key pairs: published, rotated, withdrawn, and never mistaken for a shared secret.

use auth_service::cli::{KeysCommand, TokenCommand, keys, print_token};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, jwk::JwkSet};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::{
    browser::Browser,
    support::{JWT_SECRET, Service},
};

const OWNER: &str = "olivia.owner@example.com";
const ALGORITHMS: [(&str, Algorithm); 3] =
    [("RS256", Algorithm::RS256), ("ES256", Algorithm::ES256), ("EdDSA", Algorithm::EdDSA)];

async fn with_pairs(algorithm: &str) -> Service {
    Service::with(&[("JWT_ALGORITHM", algorithm), ("JWT_SECRET_KEY", "")]).await
}

async fn run(service: &Service, command: KeysCommand) -> anyhow::Result<String> {
    let mut out = Vec::new();
    keys(&service.state, command, &mut out).await?;
    Ok(String::from_utf8(out)?)
}

async fn published(browser: &Browser) -> Vec<Value> {
    let answer = browser.get("/auth/.well-known/jwks.json").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()["keys"].as_array().unwrap().clone()
}

fn header(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').next().unwrap()).unwrap()).unwrap()
}

fn claims(token: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

async fn status(browser: &Browser, token: &str) -> StatusCode {
    browser.get_as(token, "/auth/me").await.status
}

/// Until the answer is this one: what changed is seen within half a second where nobody listens.
async fn becomes(browser: &Browser, token: &str, expected: StatusCode) {
    let started = std::time::Instant::now();
    while status(browser, token).await != expected {
        assert!(started.elapsed() < std::time::Duration::from_secs(1), "it is not {expected} within a second");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A sign-in by the pair after that of `token`, which is heard of within a second.
pub async fn sign_in_by_another(browser: &Browser, token: &str) -> String {
    let started = std::time::Instant::now();
    loop {
        let other = browser.sign_in(OWNER).await;
        if header(&other)["kid"] != header(token)["kid"] {
            return other;
        }
        assert!(started.elapsed() < std::time::Duration::from_secs(1), "the former pair signs a second later");
    }
}

#[tokio::test]
async fn others_verify_our_tokens_with_what_is_published() {
    for (name, algorithm) in ALGORITHMS {
        let service = with_pairs(name).await;
        let browser = service.browser();
        assert!(published(&browser).await.is_empty());
        let token = browser.sign_in(OWNER).await;
        assert_eq!(status(&browser, &token).await, StatusCode::OK, "{name}");
        assert_eq!(header(&token)["alg"], name);
        let keys = published(&browser).await;
        assert_eq!(keys.len(), 1);
        assert_eq!((&keys[0]["alg"], &keys[0]["use"]), (&json!(name), &json!("sig")));
        assert_eq!(keys[0]["kid"], header(&token)["kid"]);
        for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
            assert!(keys[0].get(private).is_none(), "{name} publishes {private}");
        }
        // As another program would do it.
        let set: JwkSet = serde_json::from_value(json!({ "keys": keys })).unwrap();
        let key = DecodingKey::from_jwk(set.find(header(&token)["kid"].as_str().unwrap()).unwrap()).unwrap();
        let mut rules = Validation::new(algorithm);
        rules.set_issuer(&[&service.url]);
        rules.set_audience(&["ga-intelligence"]);
        assert!(jsonwebtoken::decode::<Value>(&token, &key, &rules).is_ok(), "{name}");
        let stored: Vec<u8> =
            sqlx::query_scalar("select private_sealed from signing_keys").fetch_one(&service.db.owner).await.unwrap();
        assert!(!stored.windows(11).any(|part| part == b"PRIVATE KEY"), "it is sealed");
    }
}

#[tokio::test]
async fn a_public_key_is_no_secret_and_a_secret_is_no_key() {
    let service = Service::with(&[("JWT_ALGORITHM", "RS256")]).await;
    let browser = service.browser();
    let token = browser.sign_in(OWNER).await;
    let key = published(&browser).await.remove(0);
    let claims = claims(&token);
    let signed = |algorithm: Algorithm, secret: &[u8], kid: Option<&str>| {
        let header = Header { kid: kid.map(str::to_owned), ..Header::new(algorithm) };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    let kid = key["kid"].as_str().unwrap();
    let modulus = URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap();
    let jwk = key.to_string();
    for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
        for secret in
            [modulus.as_slice(), jwk.as_bytes(), key["n"].as_str().unwrap().as_bytes(), JWT_SECRET.as_bytes(), b""]
        {
            for kid in [None, Some(kid), Some("another")] {
                let forged = signed(algorithm, secret, kid);
                assert_eq!(status(&browser, &forged).await, StatusCode::UNAUTHORIZED, "{algorithm:?} {kid:?}");
            }
        }
    }
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let unsigned = format!("{}.{}.", part(json!({"alg": "none", "kid": kid})), part(claims.clone()));
    assert_eq!(status(&browser, &unsigned).await, StatusCode::UNAUTHORIZED);
    // The other way round: with a secret no pair's token holds, whoever's pair it is.
    let with_secret = Service::new().await;
    assert_eq!(status(&with_secret.browser(), &token).await, StatusCode::UNAUTHORIZED);
    assert!(published(&with_secret.browser()).await.is_empty());
}

#[tokio::test]
async fn a_new_pair_signs_and_the_former_ones_tokens_hold_until_it_is_withdrawn() {
    let service = with_pairs("ES256").await;
    let browser = service.browser();
    let old = browser.sign_in(OWNER).await;
    assert_eq!(run(&service, KeysCommand::List).await.unwrap().lines().count(), 1);
    let said = run(&service, KeysCommand::Rotate).await.unwrap();
    let new = sign_in_by_another(&browser, &old).await;
    let (old_kid, new_kid) = (header(&old)["kid"].clone(), header(&new)["kid"].clone());
    assert!(said.starts_with(new_kid.as_str().unwrap()), "{said}");
    for token in [&old, &new] {
        assert_eq!(status(&browser, token).await, StatusCode::OK);
    }
    let kids: Vec<_> = published(&browser).await.into_iter().map(|key| key["kid"].clone()).collect();
    assert_eq!(kids, [new_kid.clone(), old_kid.clone()]);
    let listed = run(&service, KeysCommand::List).await.unwrap();
    assert!(listed.contains("  signs\n") && listed.contains("  verifies until "), "{listed}");
    // The longest token of the former pair, and not much longer.
    let hours: i64 = sqlx::query_scalar(
        "select round(extract(epoch from verifies_until - now()) / 3600)::bigint from signing_keys where retired_at is not null",
    )
    .fetch_one(&service.db.owner)
    .await
    .unwrap();
    assert_eq!(hours, 24);

    run(&service, KeysCommand::Retire { kid: old_kid.as_str().unwrap().to_owned() }).await.unwrap();
    becomes(&browser, &old, StatusCode::UNAUTHORIZED).await;
    assert_eq!(status(&browser, &new).await, StatusCode::OK);
    assert_eq!(published(&browser).await.len(), 1);
    assert!(run(&service, KeysCommand::Retire { kid: String::from("nobody's") }).await.is_err());
    // Without any that signs the next sign-in makes one.
    run(&service, KeysCommand::Retire { kid: new_kid.as_str().unwrap().to_owned() }).await.unwrap();
    becomes(&browser, &new, StatusCode::UNAUTHORIZED).await;
    let newest = sign_in_by_another(&browser, &new).await;
    assert_eq!(status(&browser, &newest).await, StatusCode::OK);
}

#[tokio::test]
async fn a_pair_another_process_made_is_known_at_once() {
    let service = with_pairs("EdDSA").await;
    let browser = service.browser();
    assert_eq!(status(&browser, &browser.sign_in(OWNER).await).await, StatusCode::OK);
    // A process of its own: nothing but the database is shared.
    let other = common::auth::AppState::new(service.db.app.clone(), (*service.state.settings).clone());
    let mut out = Vec::new();
    keys(&other, KeysCommand::Rotate, &mut out).await.unwrap();
    let command = TokenCommand { tenant: None, email: None };
    let mut printed = Vec::new();
    print_token(&other, command, &mut printed).await.unwrap();
    let printed = String::from_utf8(printed).unwrap();
    let token = printed.lines().next().unwrap().strip_prefix("export TOKEN=").unwrap();
    assert_eq!(status(&browser, token).await, StatusCode::OK, "an unknown name is looked for");
}

#[tokio::test]
async fn pairs_are_not_for_shared_secrets() {
    let service = Service::new().await;
    let error = run(&service, KeysCommand::Rotate).await.unwrap_err().to_string();
    assert!(error.contains("JWT_SECRET_KEY_PREVIOUS"), "{error}");
}

#[tokio::test]
async fn a_former_secret_verifies_and_does_not_sign() {
    let service = Service::with(&[("JWT_SECRET_KEY", "the new one"), ("JWT_SECRET_KEY_PREVIOUS", JWT_SECRET)]).await;
    let browser = service.browser();
    let token = browser.sign_in(OWNER).await;
    let sign = |secret: &str| {
        let key = EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims(&token), &key).unwrap()
    };
    let holds = |secret: &str| {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&["ga-intelligence"]);
        jsonwebtoken::decode::<Value>(&token, &DecodingKey::from_secret(secret.as_bytes()), &rules).is_ok()
    };
    assert!(holds("the new one") && !holds(JWT_SECRET));
    assert_eq!(status(&browser, &sign(JWT_SECRET)).await, StatusCode::OK);
    assert_eq!(status(&browser, &sign("one before it")).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn many_first_sign_ins_at_once_make_one_pair() {
    let service = with_pairs("ES256").await;
    let browsers: Vec<_> = (0..6).map(|_| service.browser()).collect();
    let mut returned = Vec::new();
    for browser in &browsers {
        returned.push(browser.sign_in_at_provider(OWNER).await);
    }
    let all: Vec<_> = browsers.iter().zip(&returned).map(|(browser, returned)| browser.call_back(returned)).collect();
    for answer in futures::future::join_all(all).await {
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    }
    assert_eq!(run(&service, KeysCommand::List).await.unwrap().lines().count(), 1);
}
