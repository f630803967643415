//! Replacing, adding, and which of several tables of one day counts.

use chrono::NaiveDate;
use serde_json::Value;
use testkit::rows::{self, Event, micros};

use crate::support::{Shop, assert_same};

fn day(n: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, n).unwrap()
}

fn view(date: u32, time: &str, visitor: &str, page: &str) -> Value {
    Event::new("page_view", day(date), micros(chrono_tz::UTC, &format!("2026-03-{date:02} {time}")))
        .visit(visitor, 500)
        .page(page)
        .build()
}

#[tokio::test]
async fn a_day_is_replaced_whole_and_its_neighbours_stay() {
    let shop = Shop::new().await;
    shop.load(
        "replace",
        &[view(2, "10:00:00", "a", "/1"), view(2, "10:00:01", "a", "/2"), view(3, "10:00:00", "b", "/1")],
    )
    .await;
    shop.load("replace", &[view(2, "11:00:00", "c", "/9")]).await;
    assert_eq!(shop.texts("select user_pseudo_id from visits order by day").await, ["c", "b"]);
    assert_eq!(shop.texts("select page_location from page_view order by event_date").await, ["/9", "/1"]);
}

#[tokio::test]
async fn identical_clicks_all_count_and_stay_as_many() {
    let shop = Shop::new().await;
    let clicks = vec![view(2, "10:00:00", "a", "/1"); 13];
    shop.load("replace", &clicks).await;
    assert_eq!(shop.number("select count(*) from page_view").await, 13);
    let once = shop.tables(true).await;
    shop.load("append", &clicks).await;
    shop.load("replace", &clicks).await;
    assert_same(&once, &shop.tables(true).await);
}

#[tokio::test]
async fn an_own_event_id_makes_one_event_of_two_rows() {
    let shop = Shop::new().await;
    let own = |time: &str, visitor: &str| {
        Event::new("page_view", day(2), micros(chrono_tz::UTC, &format!("2026-03-02 {time}")))
            .visit(visitor, 500)
            .page("/")
            .param("event_id", "abc")
            .build()
    };
    shop.load("replace", &[own("10:00:05", "b"), own("10:00:00", "a")]).await;
    // The first in event order is the event.
    assert_eq!(shop.texts("select user_pseudo_id from page_view").await, ["a"]);
    assert_eq!(shop.texts("select own_event_ids::text from visits").await, ["true"]);
}

#[tokio::test]
async fn parts_of_one_sharded_export_add_up() {
    let shop = Shop::new().await;
    let rows: Vec<Value> =
        (0..60).map(|n| view(2 + n % 2, &format!("10:00:{n:02}"), &format!("v{}", n % 7), "/x")).collect();
    shop.load("append", &rows[..20]).await;
    shop.load("append", &rows[20..]).await;
    shop.load("append", &rows[10..30]).await;
    let parts = shop.tables(true).await;
    let whole = Shop::new().await;
    whole.load("replace", &rows).await;
    assert_same(&parts, &whole.tables(true).await);
    assert_eq!(shop.number("select events from ingested_days where day = '2026-03-02'").await, 30);
}

#[tokio::test]
async fn daily_counts_before_fresh_before_intraday() {
    let shop = Shop::new().await;
    let file = |name: &str, page: &str| shop.file(name, rows::ndjson(&[view(2, "10:00:00", "a", page)]));
    let intraday = file("events_intraday_20260302.json", "/intraday");
    let fresh = file("events_fresh_20260302.json", "/fresh");
    let daily = file("events_20260302.json", "/daily");
    let page = "select page_location from page_view";
    shop.import("replace", std::slice::from_ref(&intraday)).await;
    assert_eq!(shop.texts(page).await, ["/intraday"]);
    // Beside each other in one job, in whatever order: one of them counts.
    shop.import("replace", &[intraday.clone(), fresh.clone()]).await;
    assert_eq!(shop.texts(page).await, ["/fresh"]);
    shop.import("replace", &[daily.clone(), intraday.clone()]).await;
    assert_eq!(shop.texts(page).await, ["/daily"]);
    // Intraday outlives the daily table in GA4: it must not come back.
    let job = shop.import("replace", &[intraday]).await;
    assert_eq!(job.status, "completed_with_warnings");
    assert!(job.warnings[0].contains("2026-03-02: left as it is"), "{:?}", job.warnings);
    assert_eq!(shop.texts(page).await, ["/daily"]);
}

#[tokio::test]
async fn a_day_of_a_higher_source_is_not_displaced() {
    let shop = Shop::new().await;
    shop.load("replace", &[view(2, "10:00:00", "a", "/")]).await;
    let mut tx = common::db::TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query("update ingested_days set source = 'bigquery'").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let before = shop.tables(true).await;
    let job = shop.load("replace", &[view(2, "11:00:00", "b", "/"), view(3, "11:00:00", "b", "/")]).await;
    assert_eq!(job.status, "failed");
    let reason = job.error_message.unwrap();
    assert!(
        reason.contains("2026-03-02") && reason.contains("bigquery") && reason.contains("export_files"),
        "{reason}"
    );
    assert_same(&before, &shop.tables(true).await);
}

#[tokio::test]
async fn a_posted_row_survives_every_replacement() {
    let shop = Shop::new().await;
    let rows = [view(2, "10:00:00", "a", "/posted"), view(2, "10:01:00", "a", "/pulled")];
    shop.load("replace", &rows).await;
    let mut tx = common::db::TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query("update page_view set posted = true where page_location = '/posted'").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    // A pull that has it: one row. A pull that has it not: it stays.
    shop.load("replace", &rows).await;
    assert_eq!(shop.texts("select page_location from page_view order by 1").await, ["/posted", "/pulled"]);
    shop.load("replace", &[view(2, "12:00:00", "b", "/other")]).await;
    assert_eq!(shop.texts("select page_location from page_view order by 1").await, ["/other", "/posted"]);
    assert_eq!(shop.texts("select user_pseudo_id || pages from visits order by 1").await, ["a1", "b1"]);
}

#[tokio::test]
async fn appending_a_fuller_table_displaces_the_lesser_one() {
    let shop = Shop::new().await;
    let file = |name: &str, rows: &[Value]| shop.file(name, rows::ndjson(rows));
    let early = file("events_intraday_20260302.json", &[view(2, "10:00:00", "a", "/early")]);
    let (one, two) = (
        file("events_20260302_0.json", &[view(2, "10:00:00", "a", "/1")]),
        file("events_20260302_1.json", &[view(2, "10:00:05", "b", "/2")]),
    );
    shop.import("replace", &[early]).await;
    shop.import("append", &[one]).await;
    shop.import("append", &[two]).await;
    assert_eq!(shop.texts("select page_location from page_view order by 1").await, ["/1", "/2"]);
    assert_eq!(shop.number("select events from ingested_days").await, 2);
}
