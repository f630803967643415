//! Where a person is signed in, and signing out there.

use common::ids::{AccountId, DEMO_TENANT};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::{
    browser::{Answer, Browser},
    support::Service,
};

const OWNER: &str = "olivia.owner@example.com";

async fn delete(browser: &Browser, token: &str, address: &str) -> Answer {
    browser.send(Method::DELETE, address, |request| request.bearer_auth(token)).await
}

async fn listed(browser: &Browser, token: &str) -> Vec<Value> {
    let answer = browser.get_as(token, "/auth/sessions").await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    answer.json()["data"].as_array().unwrap().clone()
}

fn id(session: &Value) -> &str {
    session["session_id"].as_str().unwrap()
}

#[tokio::test]
async fn a_person_sees_their_own_sessions_and_which_one_this_is() {
    let service = Service::new().await;
    let browser = service.browser();
    browser.sign_in("vera.viewer@example.com").await;
    let ended = browser.sign_in(OWNER).await;
    browser.post("/auth/logout", &json!({"access_token": ended})).await;
    let (one, other) = (browser.sign_in(OWNER).await, browser.sign_in(OWNER).await);
    let sessions = listed(&browser, &one).await;
    assert_eq!(sessions.len(), 2);
    let current: Vec<_> = sessions.iter().filter(|session| session["current"] == true).map(id).collect();
    let me = browser.get_as(&one, "/auth/me").await.json();
    assert_eq!(current, [me["session"]["session_id"].as_str().unwrap()]);
    assert_eq!(sessions[0]["ip"], "127.0.0.1");
    for name in ["created_at", "last_seen_at", "expires_at"] {
        assert!(sessions[0][name].as_str().unwrap().ends_with('Z'), "{name}: {}", sessions[0]);
    }
    let page = browser.get_as(&other, "/auth/sessions?limit=1").await.json();
    assert_eq!((&page["total"], &page["has_more"]), (&json!(2), &json!(true)));
    let cursor = page["next_cursor"].as_str().unwrap();
    let next = browser.get_as(&other, &format!("/auth/sessions?limit=1&cursor={cursor}")).await.json();
    assert_ne!(next["data"][0]["session_id"], page["data"][0]["session_id"]);
    assert_eq!(next["has_more"], false);
    assert_eq!(browser.get_as(&other, "/auth/sessions?cursor=-1").await.fields(), ["cursor"]);
}

#[tokio::test]
async fn when_a_session_was_seen_last_is_kept_to_within_five_minutes() {
    let service = Service::new().await;
    let browser = service.browser();
    let token = browser.sign_in(OWNER).await;
    service.run("update auth_sessions set last_seen_at = now() - interval '6 minutes'").await;
    browser.get_as(&token, "/auth/me").await;
    let unseen =
        "update auth_sessions set last_seen_at = last_seen_at where last_seen_at < now() - interval '1 minute'";
    assert_eq!(service.run(unseen).await, 0);
}

#[tokio::test]
async fn one_is_ended_and_only_ones_own() {
    let service = Service::new().await;
    let browser = service.browser();
    let (one, other) = (browser.sign_in_whole(OWNER).await, browser.sign_in(OWNER).await);
    let foreign = browser.sign_in("vera.viewer@example.com").await;
    let first = one["access_token"].as_str().unwrap();
    let target = browser.get_as(first, "/auth/me").await.json()["session"]["session_id"].as_str().unwrap().to_owned();
    let address = format!("/auth/sessions/{target}");
    assert_eq!(delete(&browser, &foreign, &address).await.status, StatusCode::NOT_FOUND);
    assert_eq!(browser.get_as(first, "/auth/me").await.status, StatusCode::OK);
    let answer = delete(&browser, &other, &address).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(answer.json()["ended"], 1);
    assert_eq!(browser.get_as(first, "/auth/me").await.status, StatusCode::UNAUTHORIZED);
    let refreshed = browser.refresh(one["refresh_token"].as_str().unwrap()).await;
    assert_eq!(refreshed.status, StatusCode::UNAUTHORIZED, "its refresh tokens are worth nothing either");
    for gone in [address, format!("/auth/sessions/{}", AccountId::generate()), String::from("/auth/sessions/x")] {
        assert_eq!(delete(&browser, &other, &gone).await.status, StatusCode::NOT_FOUND, "{gone}");
    }
    let noted = service.audited(DEMO_TENANT, "session.ended").await;
    assert_eq!(noted, [(OWNER.to_owned(), json!({"because": "ended"}))]);
}

#[tokio::test]
async fn all_others_are_ended_and_with_all_this_one_too() {
    let service = Service::new().await;
    let browser = service.browser();
    let here = browser.sign_in(OWNER).await;
    let elsewhere = [browser.sign_in(OWNER).await, browser.sign_in(OWNER).await];
    let foreign = browser.sign_in("vera.viewer@example.com").await;
    let answer = delete(&browser, &here, "/auth/sessions").await;
    assert_eq!((answer.status, &answer.json()["ended"]), (StatusCode::OK, &json!(2)));
    for token in &elsewhere {
        assert_eq!(browser.get_as(token, "/auth/me").await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(listed(&browser, &here).await.len(), 1);
    assert_eq!(delete(&browser, &here, "/auth/sessions").await.json()["ended"], 0);
    assert_eq!(delete(&browser, &here, "/auth/sessions?all=true").await.json()["ended"], 1);
    assert_eq!(browser.get_as(&here, "/auth/me").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(browser.get_as(&foreign, "/auth/me").await.status, StatusCode::OK);
}
