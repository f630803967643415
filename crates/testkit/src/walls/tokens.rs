//! Tokens that must open nothing, each with what is wrong with it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{Duration, Utc};
use common::auth::AppState;
use common::ids::SessionId;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::tokens::Person;

/// Made of a good token of this person, each with its name.
pub(super) async fn bad(state: &AppState, person: &Person) -> Vec<(String, String)> {
    let mut bad: Vec<(String, String)> = Vec::new();
    let mut add = |why: &str, token: String| bad.push((why.to_owned(), token));
    let good = &person.token;
    let claims = claims(good);
    add("no JWT", String::from("broken"));
    add("cut short", good[..good.len() - 1].to_owned());
    let past = Utc::now() - Duration::minutes(5);
    add("expired", state.keys.issue(person.account, person.session, past).expect("a token").0);
    let soon = Utc::now() + Duration::hours(1);
    let unknown = state.keys.issue(person.account, SessionId::generate(), soon).expect("a token").0;
    add("of a session that never was", unknown);
    let unsigned = |signature: &str| {
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "JWT"}).to_string());
        format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()))
    };
    add("alg none", unsigned(""));
    add("alg none with a signature", unsigned(good.rsplit('.').next().unwrap_or_default()));
    add("of a wrong key", signed(&header(good), &claims, b"a key of somebody else's"));
    let mut settings = state.settings.as_ref().clone();
    settings.base_url = String::from("https://issuer.evil.test");
    let foreign = AppState::new(state.pool.clone(), settings);
    foreign.keys.refresh(&foreign.pool, &foreign.access).await.expect("keys can be read");
    add("of another issuer", foreign.keys.issue(person.account, person.session, soon).expect("a token").0);
    if matches!(state.settings.jwt.algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) {
        let secret = state.settings.jwt.secret_key.expose_secret().as_bytes();
        let changed = |name: &str, value: Value| {
            let mut claims = claims.clone();
            claims[name] = value;
            signed(&Header::new(state.settings.jwt.algorithm), &claims, secret)
        };
        add("for another audience", changed("aud", json!("another")));
        add("from the future", changed("iat", json!(Utc::now().timestamp() + 3600)));
        add("of another account's session", changed("sub", json!(common::ids::AccountId::generate())));
        let mut without = claims.clone();
        without.as_object_mut().expect("claims").remove("exp");
        add("without an end", signed(&Header::new(state.settings.jwt.algorithm), &without, secret));
    }
    for (n, key) in public_keys(state).await.into_iter().enumerate() {
        // Who takes the algorithm from the token would take a public key for a shared secret.
        add(&format!("HS256 with the bytes of public key {n}"), signed(&Header::new(Algorithm::HS256), &claims, &key));
    }
    bad
}

fn part(token: &str, n: usize) -> Value {
    let text = token.split('.').nth(n).expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).expect("base64url")).expect("JSON")
}

fn claims(token: &str) -> Value {
    part(token, 1)
}

/// The token's own header, but for a shared secret.
fn header(token: &str) -> Header {
    let mut header = Header::new(Algorithm::HS256);
    header.kid = part(token, 0)["kid"].as_str().map(str::to_owned);
    header
}

fn signed(header: &Header, claims: &Value, secret: &[u8]) -> String {
    jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(secret)).expect("a token can be signed")
}

/// The bytes that a public key of the service, or any, may be known by: its JWK, the number in it, a PEM file.
async fn public_keys(state: &AppState) -> Vec<Vec<u8>> {
    let jwks: Vec<Value> = sqlx::query_scalar("select public_jwk from signing_keys")
        .fetch_all(&state.pool)
        .await
        .expect("the services read public keys");
    let mut keys = vec![PEM.as_bytes().to_vec()];
    for jwk in jwks {
        keys.push(jwk.to_string().into_bytes());
        for name in ["n", "x"] {
            if let Some(text) = jwk[name].as_str() {
                keys.push(text.as_bytes().to_vec());
                keys.push(URL_SAFE_NO_PAD.decode(text).expect("base64url"));
            }
        }
    }
    keys
}

/// The example of RFC 8410.
const PEM: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
