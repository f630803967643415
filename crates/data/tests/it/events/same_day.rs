//! Posted events and a pull of the same day: nothing counts twice, and nothing posted is lost (all sources: `sources_meet`).

use serde_json::{Value, json};
use testkit::rows::{self, Event, micros};

use super::shop::PostingShop;

/// A shop that folds and loads, with a day that lies within Google's limits, and its ten o'clock.
async fn shop() -> (PostingShop, chrono::NaiveDate, i64) {
    let shop = PostingShop::new().await;
    shop.limit(json!({"max_age_hours": 96})).await;
    shop.scene.start_folding();
    shop.scene.start_worker();
    let day = chrono::Utc::now().date_naive().pred_opt().unwrap();
    (shop, day, micros(chrono_tz::UTC, &format!("{day} 10:00:00")))
}

/// The same visit twice: as posted, and as GA4 exports it, with what only the export knows.
fn both(day: chrono::NaiveDate, at: i64, page: &str) -> (Value, Value) {
    let posted = json!({"client_id": "c", "timestamp_micros": at, "events": [
        {"name": "page_view", "params": {"session_id": 500, "page_location": page, "page_title": format!("Title of {page}")}}]});
    let pulled = Event::new("page_view", day, at)
        .visit("c", 500)
        .page(page)
        .field("geo", json!({"country": "Germany"}))
        .batch(Some(at), Some(1), Some(1))
        .build();
    (posted, pulled)
}

async fn load(shop: &PostingShop, rows: &[Value]) {
    let queued = shop.scene.upload("?mode=replace", rows::ndjson(rows)).await.expect(202);
    assert_eq!(shop.scene.ended(&queued).await["status"], "completed");
}

async fn pages(shop: &PostingShop) -> Value {
    let sql = "select jsonb_object_agg(page_location, posted) as pages from page_view";
    shop.row(sql).await["pages"].clone()
}

#[tokio::test]
async fn a_pull_after_the_posts_counts_nothing_twice_and_deletes_no_posted_event() {
    let (shop, day, at) = shop().await;
    let (here, there) = both(day, at, "/both");
    let (only_posted, _) = both(day, at + 1, "/posted");
    let (_, only_pulled) = both(day, at + 2, "/pulled");
    shop.accept(&json!([here, only_posted]), 2).await;
    shop.until_folded().await;
    load(&shop, &[there, only_pulled]).await;
    assert_eq!(pages(&shop).await, json!({"/both": true, "/posted": true, "/pulled": false}));
    assert_eq!(shop.row("select page_views from visits").await, json!({"page_views": 3}));
    assert_eq!(shop.number("select page_views from daily_stats where location_id = ''").await, 3);
    // The next pull has neither: what was pulled goes, what was posted stays.
    let (_, other) = both(day, at + 3, "/other");
    load(&shop, &[other]).await;
    assert_eq!(pages(&shop).await, json!({"/both": true, "/posted": true, "/other": false}));
    assert_eq!(shop.number("select page_views from daily_stats where location_id = ''").await, 3);
}

#[tokio::test]
async fn a_post_of_what_was_pulled_is_a_duplicate_that_survives_the_next_pull() {
    let (shop, day, at) = shop().await;
    let (posted, pulled) = both(day, at, "/both");
    load(&shop, &[pulled]).await;
    let answer = shop.post(&posted).await.expect(202);
    assert_eq!(answer, json!({"accepted": 0, "duplicates": 1, "rejected": []}));
    shop.until_folded().await;
    assert_eq!(pages(&shop).await, json!({"/both": true}));
    assert_eq!(shop.row("select page_views from visits").await, json!({"page_views": 1}));
    let (_, other) = both(day, at + 3, "/other");
    load(&shop, &[other]).await;
    assert_eq!(pages(&shop).await, json!({"/both": true, "/other": false}));
}
