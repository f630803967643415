//! Sending again: whatever a client repeats, the figures are those of having sent it once.

use futures::future::join_all;
use serde_json::{Value, json};
use testkit::oracle::TenantSettings;
use testkit::rows::{self, Event, micros};
use testkit::tenants;
use uuid::Uuid;

use super::shop::{PostingShop, now, object, seconds, view};

/// A visit of a few events, one of which happened thrice in the same instant.
fn visit() -> Value {
    let view = json!({"name": "page_view", "params": {"session_id": 500, "page_location": "/"}});
    let buy = json!({"name": "purchase", "params": {"session_id": 500, "transaction_id": "T1", "value": 5,
        "items": [{"item_id": "A", "price": 5}]}});
    object(
        json!([view, view, view, buy, {"name": "view_item", "params": {"session_id": 500, "items": [{"item_id": "A"}]}}]),
    )
}

fn said(accepted: u64, duplicates: u64) -> Value {
    json!({"accepted": accepted, "duplicates": duplicates, "rejected": []})
}

#[tokio::test]
async fn the_same_body_again_changes_nothing_before_and_after_it_is_folded() {
    let shop = PostingShop::new().await;
    let body = visit();
    assert_eq!(shop.post(&body).await.expect(202), said(5, 0));
    assert_eq!(shop.post(&body).await.expect(202), said(0, 5));
    assert_eq!(shop.waiting().await, 5);
    shop.scene.start_folding();
    shop.until_folded().await;
    let before = shop.tables().await;
    assert_eq!(shop.post(&body).await.expect(202), said(0, 5));
    assert_eq!(shop.waiting().await, 0, "what is known does not wait");
    assert_eq!(shop.tables().await, before);
    assert_eq!(shop.number("select count(*) from page_view").await, 3);
    // One more click in that instant is one more.
    let mut more = body.clone();
    let events = more["events"].as_array_mut().unwrap();
    events.push(events[0].clone());
    assert_eq!(shop.post(&more).await.expect(202), said(1, 5));
}

#[tokio::test]
async fn ten_clients_with_one_body_are_one() {
    let shop = PostingShop::new().await;
    shop.scene.start_folding();
    for _ in 0..5 {
        let body = Value::Array(
            (0..20)
                .map(|n| {
                    let mut one = visit();
                    one["client_id"] = json!(format!("c{n}.{}", now()));
                    one
                })
                .collect(),
        );
        let answers = join_all((0..10).map(|_| shop.post(&body))).await;
        let accepted: u64 = answers.iter().map(|answer| answer.expect(202)["accepted"].as_u64().unwrap()).sum();
        let duplicates: u64 = answers.iter().map(|answer| answer.expect(202)["duplicates"].as_u64().unwrap()).sum();
        assert_eq!((accepted, duplicates), (100, 900));
    }
    shop.until_folded().await;
    assert_eq!(shop.number("select count(*) from page_view").await, 5 * 60);
    assert_eq!(shop.number("select sum(page_views)::bigint from visits").await, 5 * 60);
}

#[tokio::test]
async fn without_a_time_only_the_idempotency_key_knows_a_retry() {
    let shop = PostingShop::new().await;
    let mut body = visit();
    body["timestamp_micros"] = Value::Null;
    assert_eq!(shop.post(&body).await.expect(202), said(5, 0));
    assert_eq!(shop.post(&body).await.expect(202), said(5, 0));
    assert_eq!(shop.waiting().await, 10);
    assert_eq!(shop.post_with_key("k1", &body).await.expect(202), said(5, 0));
    assert_eq!(shop.post_with_key("k1", &body).await.expect(202), said(5, 0));
    assert_eq!(shop.waiting().await, 15);
}

#[tokio::test]
async fn a_key_is_answered_alike_and_holds_for_one_body_of_one_tenant() {
    let shop = PostingShop::new().await;
    let bad = json!({"name": "page_view", "params": {"page_title": "t".repeat(301)}});
    let body = object(json!([{"name": "page_view"}, bad]));
    let first = shop.post_with_key("k", &body).await.expect(202);
    assert_eq!((&first["accepted"], &first["rejected"][0]["index"]), (&json!(1), &json!(1)));
    assert_eq!(shop.post_with_key("k", &body).await.expect(202), first);
    let other = shop.post_with_key("k", &visit()).await;
    assert_eq!(other.invalid_fields(), ["Idempotency-Key"]);
    shop.post_with_key("", &body).await.problem(400);
    // A refused body leaves the key free.
    shop.post_with_key("later", &json!([])).await.problem(422);
    assert_eq!(shop.post_with_key("later", &visit()).await.expect(202), said(5, 0));
    // Keys are a tenant's own.
    let tenant = tenants::create(&shop.scene.state.pool, &TenantSettings::default()).await;
    let foreign = testkit::tokens::api_key(&shop.scene.state, tenant, &[common::auth::api_key::Scope::Ingest]).await;
    let answer = shop.send(|r| r.header("X-Api-Key", foreign).header("Idempotency-Key", "k").json(&visit())).await;
    assert_eq!(answer.expect(202), said(5, 0));
}

#[tokio::test]
async fn two_at_once_with_one_key_do_it_once() {
    let shop = PostingShop::new().await;
    let mut body = visit();
    body["timestamp_micros"] = Value::Null;
    for round in 0..5 {
        let key = format!("k{round}");
        let answers = join_all((0..10).map(|_| shop.post_with_key(&key, &body))).await;
        assert!(answers.iter().all(|answer| answer.expect(202) == said(5, 0)));
        assert_eq!(shop.waiting().await, 5 * (round + 1));
    }
}

#[tokio::test]
async fn answers_are_forgotten_after_72_hours() {
    let shop = PostingShop::new().await;
    shop.post_with_key("old", &visit()).await.expect(202);
    shop.post_with_key("young", &object(json!([{"name": "page_view"}]))).await.expect(202);
    shop.run("update due_work set due_at = now() - interval '9 days'").await;
    shop.age_answers("old", 73).await;
    shop.age_answers("young", 71).await;
    let pool = &shop.scene.state.pool;
    assert_eq!(data_service::events::sweep::forget_old_answers(pool).await.unwrap(), 1);
    assert_eq!(shop.number("select count(*) from idempotent_answers where idempotency_key = 'young'").await, 1);
    assert_eq!(shop.number("select count(*) from idempotent_answers").await, 1);
}

#[tokio::test]
async fn an_own_event_id_is_the_event_whatever_else_is_said() {
    let shop = PostingShop::new().await;
    let of = |visitor: &str, at: i64| {
        json!({"client_id": visitor, "timestamp_micros": at, "events": [
            {"name": "page_view", "params": {"event_id": "e-1", "page_location": "/"}}]})
    };
    let at = now() - seconds(60);
    assert_eq!(shop.post(&json!([of("a", at), of("b", at - 1)])).await.expect(202), said(1, 1));
    assert_eq!(shop.row("select user_pseudo_id from posted_events").await, json!({"user_pseudo_id": "b"}), "the first");
    assert_eq!(shop.post(&of("c", at + 5)).await.expect(202), said(0, 1));
    // Another name is another event.
    let mut other = of("a", at);
    other["events"][0]["name"] = json!("view_item");
    assert_eq!(shop.post(&other).await.expect(202), said(1, 0));
    // Sent again tomorrow, or yesterday's sent again now: waiting, and folded.
    let yesterday = at - seconds(24 * 3600);
    let mut late = of("a", yesterday);
    late["events"][0]["params"]["event_id"] = json!("e-2");
    assert_eq!(shop.post(&late).await.expect(202), said(1, 0));
    late["timestamp_micros"] = json!(at);
    assert_eq!(shop.post(&late).await.expect(202), said(0, 1));
    shop.scene.start_folding();
    shop.until_folded().await;
    assert_eq!(shop.post(&late).await.expect(202), said(0, 1));
    assert_eq!(shop.post(&of("c", at + 5)).await.expect(202), said(0, 1));
    assert_eq!(shop.waiting().await, 0);
    assert_eq!(shop.number("select count(*) from page_view").await, 2);
}

#[tokio::test]
async fn an_own_event_id_is_one_event_on_whatever_days_it_comes() {
    let at = now() - seconds(60);
    let of = |id: &str, days: i64| {
        json!({"client_id": "c", "timestamp_micros": at - seconds(days * 86_400), "events": [
            {"name": "page_view", "params": {"session_id": 5, "event_id": id, "page_location": format!("/{days}")}}]})
    };
    let shop = PostingShop::new().await;
    shop.limit(json!({"max_age_hours": 96})).await;
    // In one body, the earliest counts.
    assert_eq!(shop.post(&json!([of("a", 0), of("a", 2), of("b", 1), of("a", 1)])).await.expect(202), said(2, 2));
    // In later ones, what was taken: of an earlier day, a later one, or both, waiting and folded.
    for fold in [false, true] {
        if fold {
            shop.scene.start_folding();
            shop.until_folded().await;
        }
        assert_eq!(shop.post(&json!([of("b", 0), of("b", 1), of("b", 2)])).await.expect(202), said(0, 3));
        assert_eq!(shop.post(&of("a", 0)).await.expect(202), said(0, 1));
        assert_eq!(shop.post(&of("b", 3)).await.expect(202), said(0, 1));
        assert_eq!(
            shop.post(&json!([of("a", 1), of("b", 0), of("c", 0)])).await.expect(202),
            said(u64::from(!fold), 2 + u64::from(fold))
        );
    }
    let pages = shop.row("select array_agg(page_location order by page_location) as pages from page_view").await;
    assert_eq!(pages["pages"], json!(["/0", "/1", "/2"]));
    assert_eq!(shop.waiting().await, 0);
}

/// Equal events of one request have the ids that a load of the day gives them.
#[tokio::test]
async fn thirteen_clicks_posted_are_the_thirteen_that_are_pulled() {
    let shop = PostingShop::new().await;
    shop.limit(json!({"max_age_hours": 9600})).await;
    shop.scene.start_folding();
    shop.scene.start_worker();
    let day = chrono::Utc::now().date_naive().pred_opt().unwrap();
    let at = micros(chrono_tz::UTC, &format!("{day} 10:00:00"));
    let clicks = vec![json!({"name": "page_view", "params": {"session_id": 500, "page_location": "/"}}); 13];
    shop.accept(&json!({"client_id": "c", "timestamp_micros": at, "events": clicks}), 13).await;
    shop.until_folded().await;
    let ids = "select array_agg(event_id order by event_id) as ids from page_view";
    let posted = shop.row(ids).await;
    let row = Event::new("page_view", day, at).visit("c", 500).param("page_location", "/").build();
    let queued = shop.scene.upload("?mode=replace", rows::ndjson(&vec![row; 13])).await.expect(202);
    assert_eq!(shop.scene.ended(&queued).await["status"], "completed");
    assert_eq!(shop.row(ids).await, posted);
    let ids: Vec<Uuid> = serde_json::from_value(posted["ids"].clone()).unwrap();
    assert_eq!(ids.len(), 13);
    // Sent once more after the pull, too.
    assert_eq!(shop.post(&view("c", "/", at)).await.expect(202), said(0, 1));
    assert_eq!(shop.number("select sum(events)::bigint from day_events").await, 13);
}
