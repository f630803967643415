//! Refresh tokens: good once each, for one session, until its end; and what happens to whoever uses one twice.

use chrono::{DateTime, Duration, Utc};
use common::ids::DEMO_TENANT;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::Service;

const OWNER: &str = "olivia.owner@example.com";

fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("no {name}: {body}")).to_owned()
}

#[tokio::test]
async fn each_token_is_good_for_the_next_pair_of_the_same_session() {
    let service = Service::new().await;
    let browser = service.browser();
    let begun = browser.sign_in_whole(OWNER).await;
    let me = browser.get_as(&text(&begun, "access_token"), "/auth/me").await.json();
    let expires: DateTime<Utc> = me["session"]["expires_at"].as_str().unwrap().parse().unwrap();
    let days = expires - Utc::now();
    assert!(days > Duration::days(30) - Duration::minutes(1) && days <= Duration::days(30), "{days}");
    let mut token = text(&begun, "refresh_token");
    for _ in 0..3 {
        let answer = browser.refresh(&token).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        assert_eq!(answer.header("cache-control"), "no-store");
        let next = answer.json();
        let mut fields: Vec<_> = next.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["access_token", "expires_in", "refresh_token", "token_type"]);
        assert!((86_390..=86_400).contains(&next["expires_in"].as_i64().unwrap()));
        assert_ne!(text(&next, "refresh_token"), token);
        let now = browser.get_as(&text(&next, "access_token"), "/auth/me").await.json();
        assert_eq!(now["session"]["session_id"], me["session"]["session_id"]);
        assert_eq!(now["session"]["expires_at"], me["session"]["expires_at"], "it is not prolonged beyond its end");
        token = text(&next, "refresh_token");
    }
    let stored: Vec<String> = sqlx::query_scalar("select to_jsonb(r)::text from refresh_tokens r")
        .fetch_all(&service.db.owner)
        .await
        .unwrap();
    assert_eq!(stored.len(), 4);
    assert!(!stored.iter().any(|row| row.contains(&token)), "only hashes are kept");
}

#[tokio::test]
async fn a_token_that_comes_twice_ends_the_session_for_both() {
    let service = Service::new().await;
    let browser = service.browser();
    let other = browser.sign_in_whole(OWNER).await;
    let begun = browser.sign_in_whole(OWNER).await;
    let stolen = text(&begun, "refresh_token");
    let next = browser.refresh(&stolen).await.json();
    assert_eq!(browser.refresh(&stolen).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.refresh(&text(&next, "refresh_token")).await.status, StatusCode::UNAUTHORIZED);
    for token in [&begun, &next] {
        let me = browser.get_as(&text(token, "access_token"), "/auth/me").await;
        assert_eq!(me.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(browser.get_as(&text(&other, "access_token"), "/auth/me").await.status, StatusCode::OK);
    assert_eq!(browser.refresh(&text(&other, "refresh_token")).await.status, StatusCode::OK);
    let ended = service.audited(DEMO_TENANT, "session.ended").await;
    assert_eq!(ended, [(OWNER.to_owned(), json!({"because": "refresh token reused"}))], "told once");
    assert_eq!(service.failures().await, ["refresh token reused", "refresh token unknown or old"]);
    let because: Vec<String> = sqlx::query_scalar("select ended_because from auth_sessions where ended_at is not null")
        .fetch_all(&service.db.owner)
        .await
        .unwrap();
    assert_eq!(because, ["refresh token reused"]);
}

#[tokio::test]
async fn of_two_at_once_exactly_one_wins() {
    let service = Service::new().await;
    let browser = service.browser();
    for _ in 0..8 {
        let token = text(&browser.sign_in_whole(OWNER).await, "refresh_token");
        let (one, other) = tokio::join!(browser.refresh(&token), browser.refresh(&token));
        let mut found = [one.status, other.status];
        found.sort_unstable();
        assert_eq!(found, [StatusCode::OK, StatusCode::UNAUTHORIZED]);
        // The other one was a second use: nobody can tell whose.
        let winner = if one.status == StatusCode::OK { one } else { other };
        assert_eq!(browser.refresh(&text(&winner.json(), "refresh_token")).await.status, StatusCode::UNAUTHORIZED);
    }
}

/// The words with which it is.
async fn refused(service: &Service, token: &str) -> String {
    let answer = service.browser().refresh(token).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.text);
    answer.json()["detail"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn nothing_is_refreshed_after_the_session_or_the_person_is_gone() {
    let service = Service::new().await;
    let browser = service.browser();
    let fresh = || async { browser.sign_in_whole(OWNER).await };
    let out = fresh().await;
    browser.post("/auth/logout", &json!({"access_token": text(&out, "access_token")})).await;
    let words = refused(&service, &text(&out, "refresh_token")).await;

    let old = fresh().await;
    service.run("update refresh_tokens set expires_at = now() where used_at is null").await;
    assert_eq!(refused(&service, &text(&old, "refresh_token")).await, words, "the same words for each");
    let over = fresh().await;
    service.run("update auth_sessions set expires_at = now() where ended_at is null").await;
    assert_eq!(refused(&service, &text(&over, "refresh_token")).await, words);
    let away = fresh().await;
    service.run("update accounts set is_active = false where email = 'olivia.owner@example.com'").await;
    assert_eq!(refused(&service, &text(&away, "refresh_token")).await, words);
    service.run("update accounts set is_active = true where email = 'olivia.owner@example.com'").await;
    assert_eq!(browser.refresh(&text(&away, "refresh_token")).await.status, StatusCode::OK, "it was not used up");
    assert_eq!(refused(&service, "made-up").await, words);
    assert_eq!(refused(&service, &text(&fresh().await, "access_token")[..300]).await, words);
    assert_eq!(browser.post("/auth/refresh", &json!({})).await.fields(), ["refresh_token"]);
    assert_eq!(browser.refresh(&"x".repeat(513)).await.fields(), ["refresh_token"]);
}

#[tokio::test]
async fn how_long_a_session_lasts_is_the_operators_choice() {
    let lasting = |days: &'static str, hours: &'static str| async move {
        let settings = [("REFRESH_EXPIRATION_DAYS", days), ("JWT_EXPIRATION_HOURS", hours)];
        let service = Service::with(&settings).await;
        let token = text(&service.browser().sign_in_whole(OWNER).await, "access_token");
        let me = service.browser().get_as(&token, "/auth/me").await.json();
        let expires: DateTime<Utc> = me["session"]["expires_at"].as_str().unwrap().parse().unwrap();
        (expires - Utc::now() + Duration::minutes(1)).num_hours()
    };
    assert_eq!(lasting("1", "2").await, 24);
    // A token is not cut short by it.
    assert_eq!(lasting("1", "100").await, 100);
}
