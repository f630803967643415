//! The stub is as strict as Google where our client gives it no reason to be.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

use super::accounts::key_file;
use super::{Endpoint, Property, Stub, Table};

const SCOPE: &str = "https://www.googleapis.com/auth/analytics.readonly";

fn claims(change: impl FnOnce(&mut Value)) -> Value {
    let now = chrono::Utc::now().timestamp();
    let mut claims = json!({
        "iss": "robot@stub-project.iam.gserviceaccount.com", "scope": SCOPE,
        "aud": "https://oauth2.googleapis.com/token", "iat": now - 5, "exp": now + 3000,
    });
    change(&mut claims);
    claims
}

fn signed(claims: &Value) -> String {
    let file: Value = serde_json::from_str(&key_file("robot")).unwrap();
    let key = EncodingKey::from_rsa_pem(file["private_key"].as_str().unwrap().as_bytes()).unwrap();
    let header = Header { kid: Some(String::from("1")), ..Header::new(Algorithm::RS256) };
    encode(&header, claims, &key).unwrap()
}

async fn trade(stub: &Stub, assertion: &str) -> Value {
    let form = [("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", assertion)];
    reqwest::Client::new().post(stub.token_url()).form(&form).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn assertions_are_refused_in_googles_words() {
    let stub = Stub::start().await;
    assert_eq!(trade(&stub, &signed(&claims(|_| {}))).await["expires_in"], 3599);
    let refused = |claims: Value| {
        let stub = &stub;
        async move { trade(stub, &signed(&claims)).await["error_description"].as_str().unwrap_or_default().to_owned() }
    };
    let now = chrono::Utc::now().timestamp();
    let short_lived = "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your \
                       iat and exp values in the JWT claim.";
    assert_eq!(refused(claims(|c| c["aud"] = json!(stub.token_url()))).await, "Invalid JWT: Failed audience check.");
    assert_eq!(refused(claims(|c| c["iss"] = json!("who@else"))).await, "Invalid grant: account not found");
    assert_eq!(refused(claims(|c| c["exp"] = json!(now + 4000))).await, short_lived);
    assert_eq!(refused(claims(|c| c["exp"] = json!(now - 1))).await, short_lived);
    assert_eq!(refused(claims(|c| c["iat"] = json!(now + 60))).await, short_lived);
    assert_eq!(refused(claims(|c| c["iat"] = Value::Null)).await, "Invalid JWT: iat (issued at) is not set.");
    assert_eq!(refused(claims(|c| c["scope"] = json!(""))).await, "Invalid OAuth scope or ID token audience provided.");
    let symmetric = encode(&Header::default(), &claims(|_| {}), &EncodingKey::from_secret(b"x")).unwrap();
    assert_eq!(trade(&stub, &symmetric).await["error_description"], "Invalid JWT Signature.");
    assert_eq!(trade(&stub, "a.b").await["error"], "invalid_request");
    let unknown = trade(&stub, &signed(&claims(|c| c["scope"] = json!("https://example.com/scope")))).await;
    assert!(unknown.get("access_token").is_none() && unknown["id_token"].is_string(), "{unknown}");
}

#[tokio::test]
async fn a_token_opens_what_its_scope_says() {
    let stub = Stub::start().await;
    stub.put_table("p", "d", "t", Table::export(Vec::new()));
    stub.put_property("1", Property::of_events(chrono_tz::UTC, Vec::new()));
    let http = reqwest::Client::new();
    let token = trade(&stub, &signed(&claims(|_| {}))).await["access_token"].as_str().unwrap().to_owned();
    let get = |path: &str| http.get(format!("{}{path}", stub.url));
    let (metadata, tables) = ("/v1beta/properties/1/metadata", "/bigquery/v2/projects/p/datasets/d/tables");
    assert_eq!(get(metadata).send().await.unwrap().status(), 401);
    assert_eq!(get(metadata).bearer_auth(&token).send().await.unwrap().status(), 200);
    assert_eq!(get(tables).bearer_auth(&token).send().await.unwrap().status(), 403);
    stub.revoke_tokens();
    assert_eq!(get(metadata).bearer_auth(&token).send().await.unwrap().status(), 401);
    // A wrong verb is a page, never a 405.
    let page = http.delete(format!("{}{metadata}", stub.url)).send().await.unwrap();
    assert_eq!((page.status().as_u16(), page.text().await.unwrap().starts_with("<!DOCTYPE html>")), (404, true));
    assert_eq!(stub.count(Endpoint::Metadata), 3);
}
