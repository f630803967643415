//! How often one may try at the doors, by address and by account.

use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::{browser::Answer, support::Service};

const OWNER: &str = "olivia.owner@example.com";

async fn few() -> Service {
    // One proxy, so that a test can come from several addresses.
    Service::with(&[("RATE_LIMIT_SIGN_IN_PER_MINUTE", "4"), ("TRUSTED_PROXIES", "1")]).await
}

async fn from(service: &Service, address: &str, method: Method, path: &str, body: serde_json::Value) -> Answer {
    let with = |request: reqwest::RequestBuilder| request.header("x-forwarded-for", address).json(&body);
    service.browser().send(method, path, with).await
}

#[tokio::test]
async fn an_address_that_tries_too_often_waits_at_each_door() {
    let service = few().await;
    for (at, (method, path, body)) in [
        (Method::GET, "/auth/login", json!({})),
        (Method::POST, "/auth/callback", json!({"code": "x", "state": "y"})),
        (Method::POST, "/auth/refresh", json!({"refresh_token": "x"})),
    ]
    .into_iter()
    .enumerate()
    {
        let address = format!("10.0.0.{at}");
        for _ in 0..4 {
            let answer = from(&service, &address, method.clone(), path, body.clone()).await;
            assert_ne!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
        }
        let refused = from(&service, &address, method.clone(), path, body.clone()).await;
        assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "{path}");
        assert!((1..=60).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
        assert_eq!((refused.header("ratelimit-limit"), refused.header("ratelimit-remaining")), ("4", "0"));
        let other = from(&service, "10.0.1.1", method, path, body).await;
        assert_ne!(other.status, StatusCode::TOO_MANY_REQUESTS, "another address: {path}");
    }
}

#[tokio::test]
async fn an_account_that_is_tried_too_often_waits_wherever_it_comes_from() {
    let service = few().await;
    let mut statuses = Vec::new();
    for at in 0..6 {
        let browser = service.browser();
        let address = format!("10.1.0.{at}");
        let begun = browser.send(Method::GET, "/auth/login", |r| r.header("x-forwarded-for", &address)).await;
        let returned = browser.choose(begun.json()["login_url"].as_str().unwrap(), OWNER).await;
        let body = json!({"code": returned.code, "state": returned.state});
        let answer =
            browser.send(Method::POST, "/auth/callback", |r| r.header("x-forwarded-for", &address).json(&body)).await;
        statuses.push(answer.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 429, 429]);
}

#[tokio::test]
async fn a_session_that_is_refreshed_too_often_waits_and_loses_nothing() {
    let service = few().await;
    let mut token = service.browser().sign_in_whole(OWNER).await["refresh_token"].as_str().unwrap().to_owned();
    for at in 0..4 {
        let body = json!({ "refresh_token": token });
        let answer = from(&service, &format!("10.2.0.{at}"), Method::POST, "/auth/refresh", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        token = answer.json()["refresh_token"].as_str().unwrap().to_owned();
    }
    let body = json!({ "refresh_token": token });
    let refused = from(&service, "10.2.0.9", Method::POST, "/auth/refresh", body).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    let unused: i64 = sqlx::query_scalar("select count(*) from refresh_tokens where used_at is null")
        .fetch_one(&service.db.owner)
        .await
        .unwrap();
    assert_eq!(unused, 1, "the token is still good");
}
