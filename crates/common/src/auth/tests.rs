//! Tests of roles and tokens: every way a token may be wrong is refused.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{Duration, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::{AUDIENCE, Role, TokenError, TokenKeys};
use crate::{
    config::Settings,
    ids::{AccountId, SessionId},
};

const SECRET: &str = "a-secret-of-the-tests-and-of-nothing-else";

fn keys() -> TokenKeys {
    let vars: BTreeMap<String, String> = [
        ("POSTGRES_HOST", "127.0.0.1"),
        ("POSTGRES_PASSWORD", "owner"),
        ("POSTGRES_APP_PASSWORD", "app"),
        ("JWT_SECRET_KEY", SECRET),
        ("SECRETS_KEY", "s"),
        ("BASE_URL", "http://auth.test"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    TokenKeys::from_settings(&Settings::from_vars(&vars).unwrap())
}

fn claims() -> Value {
    let now = Utc::now().timestamp();
    json!({
        "iss": "http://auth.test", "aud": AUDIENCE, "iat": now, "exp": now + 600, "jti": "1",
        "sub": AccountId::generate(), "sid": SessionId::generate(),
    })
}

fn sign(algorithm: Algorithm, claims: &Value, secret: &str) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

#[test]
fn what_is_issued_is_verified() {
    let (account, session) = (AccountId::generate(), SessionId::generate());
    let (token, issued) = keys().issue(account, session, Utc::now() + Duration::days(30)).unwrap();
    let read = keys().verify(&token).unwrap();
    assert_eq!(read, issued);
    assert_eq!((read.sub, read.sid), (account, session));
    assert_eq!(read.exp - read.iat, 24 * 3600);
}

#[test]
fn a_token_never_outlives_its_session() {
    let end = Utc::now() + Duration::minutes(5);
    let (_, claims) = keys().issue(AccountId::generate(), SessionId::generate(), end).unwrap();
    assert_eq!(claims.exp, end.timestamp());
}

#[test]
fn only_the_configured_algorithm_and_key_hold() {
    let good = sign(Algorithm::HS256, &claims(), SECRET);
    assert!(keys().verify(&good).is_ok());
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        assert_eq!(keys().verify(&sign(algorithm, &claims(), SECRET)), Err(TokenError::Invalid));
    }
    assert_eq!(keys().verify(&sign(Algorithm::HS256, &claims(), "another secret")), Err(TokenError::Invalid));
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    for name in ["none", "None", "NONE", "nOnE"] {
        let header = part(&json!({"alg": name, "typ": "JWT"}));
        for signature in ["", good.rsplit('.').next().unwrap()] {
            let forged = format!("{header}.{}.{signature}", part(&claims()));
            assert_eq!(keys().verify(&forged), Err(TokenError::Invalid), "{name}");
        }
    }
}

#[test]
fn a_changed_token_does_not_hold() {
    let good = sign(Algorithm::HS256, &claims(), SECRET);
    let mut parts: Vec<String> = good.split('.').map(str::to_owned).collect();
    let mut other = claims();
    other["sub"] = json!(AccountId::generate());
    parts[1] = URL_SAFE_NO_PAD.encode(other.to_string());
    assert_eq!(keys().verify(&parts.join(".")), Err(TokenError::Invalid));
    for broken in ["", ".", "..", "a.b.c", &good[1..], &good[..good.len() - 2]] {
        assert_eq!(keys().verify(broken), Err(TokenError::Invalid), "{broken}");
    }
}

#[test]
fn every_claim_is_demanded_and_checked() {
    let refused = |name: &str, value: Option<Value>, error| {
        let mut claims = claims();
        match value {
            Some(value) => claims[name] = value,
            None => drop(claims.as_object_mut().unwrap().remove(name)),
        }
        assert_eq!(keys().verify(&sign(Algorithm::HS256, &claims, SECRET)), Err(error), "{name}");
    };
    let now = Utc::now().timestamp();
    for name in ["iss", "aud", "iat", "exp", "jti", "sub", "sid"] {
        refused(name, None, TokenError::Invalid);
    }
    refused("iss", Some(json!("http://elsewhere.test")), TokenError::Invalid);
    refused("aud", Some(json!("another")), TokenError::Invalid);
    refused("sub", Some(json!("nobody")), TokenError::Invalid);
    refused("iat", Some(json!(now + 120)), TokenError::Invalid);
    refused("exp", Some(json!(now - 31)), TokenError::Expired);
}

#[test]
fn clocks_may_be_half_a_minute_apart() {
    let now = Utc::now().timestamp();
    let mut claims = claims();
    claims["exp"] = json!(now - 20);
    claims["iat"] = json!(now + 20);
    assert!(keys().verify(&sign(Algorithm::HS256, &claims, SECRET)).is_ok());
}

#[test]
fn roles_cover_what_is_below_them() {
    use Role::{Manager, Owner, Service, Viewer};
    let allowed = |role: Role| {
        [Owner, Manager, Viewer, Service].into_iter().filter(|needed| role.covers(*needed)).collect::<Vec<_>>()
    };
    assert_eq!(allowed(Owner), [Owner, Manager, Viewer, Service]);
    assert_eq!(allowed(Manager), [Manager, Viewer]);
    assert_eq!(allowed(Viewer), [Viewer]);
    assert_eq!(allowed(Service), [Service]);
    assert!("admin".parse::<Role>().is_err());
}
