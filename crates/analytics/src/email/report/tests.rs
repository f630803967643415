//! The book: each report is made once, whoever asks and however many at the same time, and a failure is not remembered.

use std::sync::Arc;

use chrono::NaiveDate;
use testkit::{db::TestDb, oracle::TenantSettings, tenants};

use super::ReportBook;
use crate::email::render::Renderer;

fn codes(codes: &[&str]) -> Vec<String> {
    codes.iter().map(ToString::to_string).collect()
}

async fn book(db: &TestDb) -> Arc<ReportBook> {
    let tenant = tenants::create(&db.app, &TenantSettings::default()).await;
    let date = NaiveDate::from_ymd_opt(2026, 1, 5).unwrap();
    let renderer = Arc::new(Renderer::new().unwrap());
    Arc::new(ReportBook::new(db.app.clone(), renderer, tenant, date, "https://shop.example".to_owned()))
}

#[tokio::test]
async fn many_who_ask_at_once_get_the_one_that_is_made() {
    let db = TestDb::new().await;
    let book = book(&db).await;
    let mut askers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let book = Arc::clone(&book);
        askers.spawn(async move { book.rendered(&codes(&["D01"]), None).await.unwrap() });
    }
    let first = book.rendered(&codes(&["D01"]), None).await.unwrap();
    for mail in askers.join_all().await {
        assert!(Arc::ptr_eq(&first, &mail));
    }
}

#[tokio::test]
async fn what_was_made_needs_no_database() {
    let db = TestDb::new().await;
    let book = book(&db).await;
    let (branch, digest) = (codes(&["D01"]), codes(&["D01", "D02"]));
    let made = book.rendered(&branch, None).await.unwrap();
    book.rendered(&digest, None).await.unwrap();
    db.app.close().await;
    assert!(Arc::ptr_eq(&made, &book.rendered(&branch, None).await.unwrap()));
    // Another note is another mail, of branches that are there already.
    let noted = book.rendered(&branch, Some("Late.\r\nBcc: x")).await.unwrap();
    assert!(noted.html.contains("Late. Bcc: x") && !made.html.contains("Late."), "{}", noted.html);
    book.rendered(&codes(&["D02"]), None).await.unwrap();
    assert!(book.rendered(&codes(&["D03"]), None).await.is_err(), "nothing is known of that one");
    assert!(book.rendered(&codes(&["*"]), None).await.is_err());
}

#[tokio::test]
async fn a_failure_is_not_kept() {
    let db = TestDb::new().await;
    let book = book(&db).await;
    sqlx::query("alter table daily_stats rename to gone").execute(&db.owner).await.unwrap();
    assert!(book.rendered(&codes(&["D01"]), None).await.is_err());
    sqlx::query("alter table gone rename to daily_stats").execute(&db.owner).await.unwrap();
    assert!(book.rendered(&codes(&["D01"]), None).await.unwrap().text.contains("D01"));
}
