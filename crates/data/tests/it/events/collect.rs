//! `/data/collect`: silent about bodies, strict about keys, and no key in any log or answer.

use common::auth::api_key::Scope;
use reqwest::Method;
use serde_json::json;
use testkit::http::{Answer, Client};
use testkit::logs::Lines;
use testkit::tokens;

use super::shop::{PostingShop, now, view};

impl PostingShop {
    async fn collect(&self, query: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = Client::new(&self.scene.server.url).request(Method::POST, &format!("/data/collect{query}"));
        Answer::of(request.body(body)).await
    }
}

#[tokio::test]
async fn good_events_are_taken_and_whatever_else_is_answered_the_same() {
    let shop = PostingShop::new().await;
    let query = format!("?measurement_id=G-ABC&api_secret={}", shop.key);
    let two = json!({"client_id": "c", "timestamp_micros": now(), "events": [
        {"name": "page_view", "params": {"page_location": "/"}}, {"name": "1x"}]});
    let large = format!("{}{}", view("c", "/large", now()), " ".repeat(1024 * 1024));
    let huge = " ".repeat(5 * 1024 * 1024);
    for body in [two.to_string(), String::new(), "nonsense".into(), "[]".into(), "{}".into(), large, huge] {
        let answer = shop.collect(&query, body).await;
        assert_eq!((answer.status, answer.body.len()), (204, 0), "{}", answer.text());
    }
    assert_eq!(shop.row("select page_location from posted_events").await, json!({"page_location": "/"}));
}

#[tokio::test]
async fn a_bad_key_is_told() {
    let shop = PostingShop::new().await;
    let (state, tenant) = (&shop.scene.state, shop.scene.tenant);
    let wide = tokens::api_key(state, tenant, &[Scope::Ingest, Scope::Read]).await;
    let reader = tokens::api_key(state, tenant, &[Scope::Read]).await;
    let revoked = tokens::api_key(state, tenant, &[Scope::Ingest]).await;
    shop.run(&format!("update api_keys set revoked_at = now() where starts_with('{revoked}', prefix)")).await;
    let body = view("c", "/", now()).to_string();
    for query in [
        String::new(),
        "?measurement_id=G-ABC".into(),
        "?api_secret=".into(),
        "?api_secret=abc".into(),
        format!("?api_secret={wide}"),
        format!("?api_secret={reader}"),
        format!("?api_secret={revoked}"),
        format!("?api_secret={0}&api_secret={0}", shop.key),
    ] {
        let answer = shop.collect(&query, body.clone()).await;
        let problem = answer.problem(401);
        assert_eq!(problem["instance"], "/data/collect");
        assert!(!answer.text().contains("gak_"), "{}", answer.text());
    }
    assert_eq!(shop.waiting().await, 0);
}

#[tokio::test]
async fn no_log_line_holds_a_key() {
    let lines = Lines::of_this_process();
    let shop = PostingShop::new().await;
    shop.scene.start_folding();
    let reader = tokens::api_key(&shop.scene.state, shop.scene.tenant, &[Scope::Read]).await;
    let body = view("c", "/", now());
    assert_eq!(shop.collect(&format!("?api_secret={}", shop.key), body.to_string()).await.status, 204);
    assert_eq!(shop.collect(&format!("?api_secret={}", shop.key), "{").await.status, 204);
    assert_eq!(shop.collect(&format!("?api_secret={reader}"), "{}").await.status, 401);
    let guessed = format!("{}x", shop.key);
    assert_eq!(shop.collect(&format!("?api_secret={guessed}"), "{}").await.status, 401);
    shop.post(&body).await.expect(202);
    shop.post_as(&reader, &body).await.problem(403);
    shop.until_folded().await;
    // The database goes away in the middle.
    shop.scene.state.pool.close().await;
    assert_eq!(shop.collect(&format!("?api_secret={}", shop.key), "{}").await.status, 503);

    let written = lines.text();
    assert!(written.contains("/data/collect") && written.contains("\"status\":204"), "{written}");
    for key in [&shop.key, &reader, &guessed] {
        let secret = &key[45..];
        assert!(!written.contains(secret), "a key is in the logs");
    }
    assert!(!written.contains("api_secret="), "{written}");
}
