//! Tokens: signed as Google wants them, one per key and scope, fetched once, early, and again when refused.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use google::{Endpoints, Google, GoogleError, Pace, ServiceAccountKey, Url};
use serde_json::{Value, json};
use testkit::google::{Endpoint, Fault, Property, Stub, Table, stranger_key};

use crate::support::{HASTE, PROJECT, analytics, answer, bigquery, client, endpoints, key, put};

fn shop(stub: &Stub) {
    put(stub, Table::export(Vec::new()));
    stub.put_property("123456", Property::of_events(chrono_tz::UTC, Vec::new()));
}

#[tokio::test]
async fn an_assertion_is_what_google_wants() {
    let stub = Stub::start().await;
    shop(&stub);
    analytics(&stub).metadata().await.unwrap();
    answer(&bigquery(&stub)).await.unwrap();
    let calls = stub.calls(Endpoint::Token);
    assert_eq!(calls.len(), 2);
    for (call, scope) in calls.iter().zip(["analytics.readonly", "cloud-platform.read-only"]) {
        let claims = &call.body;
        assert_eq!(claims["iss"], "robot@stub-project.iam.gserviceaccount.com");
        // Whatever address the request itself goes to.
        assert_eq!(claims["aud"], "https://oauth2.googleapis.com/token");
        assert_eq!(claims["scope"], format!("https://www.googleapis.com/auth/{scope}"));
        assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 3600);
        assert!(call.user_agent.as_deref().unwrap().starts_with("google-analytics-intelligence/"));
    }
}

#[tokio::test]
async fn fifty_who_need_a_token_at_once_ask_for_one() {
    let stub = Stub::start().await;
    shop(&stub);
    stub.next(Endpoint::Token, [Fault::Slow(Duration::from_millis(100))]);
    let client = client(&stub).analytics(key(&stub), "123456");
    let answers = join_all((0..50).map(|_| client.metadata())).await;
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(stub.count(Endpoint::Metadata), 50);
    assert_eq!(stub.count(Endpoint::Token), 1);
}

#[tokio::test]
async fn fifty_who_wait_for_a_token_that_is_refused_are_refused_by_one_answer() {
    let stub = Stub::start().await;
    let refusal = json!({ "error": "invalid_grant", "error_description": "Invalid JWT Signature." }).to_string();
    stub.next(Endpoint::Token, [Fault::Raw(400, refusal)]);
    let client = client(&stub).analytics(key(&stub), "123456");
    let (first, rest) = tokio::join!(client.metadata(), join_all((0..49).map(|_| client.metadata())));
    assert!(matches!(first, Err(GoogleError::Denied(_))), "{first:?}");
    assert!(rest.iter().all(|answer| matches!(answer, Err(GoogleError::Denied(_)))), "{rest:?}");
    assert_eq!(stub.count(Endpoint::Token), 1);
    // Who comes later asks anew.
    shop(&stub);
    client.metadata().await.unwrap();
    assert_eq!(stub.count(Endpoint::Token), 2);
}

#[tokio::test]
async fn a_token_is_kept_per_key_and_scope_and_its_forger_gets_none() {
    let stub = Stub::start().await;
    shop(&stub);
    let client = client(&stub);
    let of = |file: &str| Arc::new(ServiceAccountKey::parse(file).unwrap());
    for _ in 0..3 {
        // Parsed again each time, as a source does for each run.
        client.analytics(of(&stub.key()), "123456").metadata().await.unwrap();
        client.analytics(of(&stub.key_of("other")), "123456").metadata().await.unwrap();
        client.bigquery(of(&stub.key()), PROJECT, None).tables(PROJECT, "analytics_1").await.unwrap();
    }
    assert_eq!(stub.count(Endpoint::Token), 3);
    // The right address and key id, and a private key that is not the account's.
    let forged = client.analytics(of(&stranger_key()), "123456").metadata().await;
    let Err(GoogleError::Denied(text)) = forged else { panic!("{forged:?}") };
    assert!(text.contains("invalid_grant: Invalid JWT Signature. The key was deleted"), "{text}");
}

#[tokio::test]
async fn a_token_is_replaced_five_minutes_before_it_ends() {
    let stub = Stub::start().await;
    shop(&stub);
    let client = analytics(&stub);
    stub.token_lifetime(301);
    client.metadata().await.unwrap();
    client.metadata().await.unwrap();
    assert_eq!(stub.count(Endpoint::Token), 1);
    tokio::time::sleep(Duration::from_millis(1050)).await;
    client.metadata().await.unwrap();
    assert_eq!(stub.count(Endpoint::Token), 2);
}

#[tokio::test]
async fn an_old_token_serves_while_the_endpoint_is_away() {
    let stub = Stub::start().await;
    shop(&stub);
    let client = analytics(&stub);
    stub.token_lifetime(301);
    client.metadata().await.unwrap();
    tokio::time::sleep(Duration::from_millis(1050)).await;
    stub.next(Endpoint::Token, [Fault::Html(503)]);
    client.metadata().await.unwrap();
    assert_eq!(stub.count(Endpoint::Token), 2, "asked once, and not waited for");
    client.metadata().await.unwrap();
    assert_eq!(stub.count(Endpoint::Token), 3);
}

#[tokio::test]
async fn a_refused_token_is_refreshed_once_for_all_who_hold_it() {
    let stub = Stub::start().await;
    shop(&stub);
    let client = analytics(&stub);
    client.metadata().await.unwrap();
    stub.revoke_tokens();
    let answers = join_all((0..20).map(|_| client.metadata())).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(stub.count(Endpoint::Token), 2);
}

#[tokio::test]
async fn a_token_that_is_refused_again_is_the_end() {
    let stub = Stub::start().await;
    shop(&stub);
    let client = analytics(&stub);
    stub.next(Endpoint::Metadata, [Fault::Unauthorized, Fault::Unauthorized]);
    let refused = client.metadata().await;
    let Err(GoogleError::Denied(text)) = refused else { panic!("{refused:?}") };
    assert!(text.contains("Request had invalid authentication credentials."), "{text}");
    assert_eq!((stub.count(Endpoint::Token), stub.count(Endpoint::Metadata)), (2, 2));
}

#[tokio::test]
async fn a_scope_that_google_does_not_know_is_named() {
    let stub = Stub::start().await;
    stub.next(Endpoint::Token, [Fault::OnlyIdToken]);
    let refused = analytics(&stub).metadata().await;
    let Err(GoogleError::Denied(text)) = refused else { panic!("{refused:?}") };
    assert_eq!(
        text,
        "Google did not recognise the scope https://www.googleapis.com/auth/analytics.readonly: it answered with an \
         id_token and no access_token."
    );
    assert_eq!(stub.count(Endpoint::Token), 1);
}

#[tokio::test]
async fn the_token_endpoint_is_asked_again_when_it_stumbles_and_not_when_it_refuses() {
    let stub = Stub::start().await;
    shop(&stub);
    let stumbles =
        [Fault::Html(500), Fault::Cut, Fault::Raw(200, String::from("<html>")), Fault::Raw(429, String::new())];
    stub.next(Endpoint::Token, stumbles);
    analytics(&stub).metadata().await.unwrap();
    assert_eq!(stub.count(Endpoint::Token), 5);

    for (body, says) in [
        (
            json!({ "error": "invalid_grant", "error_description": "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim." }),
            "Set the clock of this server right.",
        ),
        (
            json!({ "error": "invalid_grant", "error_description": "Invalid grant: account not found" }),
            "The service account was deleted or disabled.",
        ),
        (
            json!({ "error": "invalid_scope", "error_description": "Invalid OAuth scope or ID token audience provided." }),
            "analytics.readonly",
        ),
        (json!({ "unexpected": true }), "HTTP 400 and no reason"),
    ] {
        stub.forget_calls();
        stub.next(Endpoint::Token, [Fault::Raw(400, body.to_string())]);
        let refused = analytics(&stub).metadata().await;
        let Err(GoogleError::Denied(text)) = refused else { panic!("{refused:?}") };
        assert!(text.contains(says), "{text}");
        assert_eq!(stub.count(Endpoint::Token), 1);
    }
}

#[tokio::test]
async fn a_token_endpoint_that_stays_away_is_unavailable() {
    let away = Url::parse("http://127.0.0.1:9/token").unwrap();
    let stub = Stub::start().await;
    let client = Google::new(Endpoints { token: away, ..endpoints(&stub) }, HASTE).unwrap();
    let refused = client.analytics(key(&stub), "123456").metadata().await;
    let Err(GoogleError::Unavailable(text)) = refused else { panic!("{refused:?}") };
    assert!(text.starts_with("Google's token endpoint did not give a token: no connection"), "{text}");
    assert!(!text.contains("127.0.0.1"), "{text}");
}

#[tokio::test]
async fn a_key_file_does_not_say_where_tokens_come_from() {
    let (stub, thief) = (Stub::start().await, Stub::start().await);
    shop(&stub);
    let mut file: Value = serde_json::from_str(&stub.key()).unwrap();
    for field in ["token_uri", "auth_uri", "universe_domain", "auth_provider_x509_cert_url"] {
        file[field] = json!(thief.token_url());
    }
    let key = Arc::new(ServiceAccountKey::parse(&file.to_string()).unwrap());
    client(&stub).analytics(key, "123456").metadata().await.unwrap();
    assert_eq!((stub.count(Endpoint::Token), thief.count(Endpoint::Token)), (1, 0));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let (stub, thief) = (Stub::start().await, Stub::start().await);
    shop(&stub);
    shop(&thief);
    stub.next(Endpoint::Metadata, [Fault::Redirect(format!("{}/v1beta/properties/123456/metadata", thief.url))]);
    let refused = analytics(&stub).metadata().await;
    let Err(GoogleError::Unavailable(text)) = refused else { panic!("{refused:?}") };
    assert!(text.contains("HTTP 307") && !text.contains(&thief.url), "{text}");
    assert!(thief.all_calls().is_empty());
}

#[test]
fn googles_own_addresses_and_pace_are_the_default() {
    let google = Endpoints::google();
    assert_eq!(google.token.as_str(), "https://oauth2.googleapis.com/token");
    assert_eq!(google.bigquery.as_str(), "https://bigquery.googleapis.com/");
    assert_eq!(google.analytics_data.as_str(), "https://analyticsdata.googleapis.com/");
    assert_eq!(Pace::default().total, Duration::from_secs(600));
}
