//! What a service's connections are like, and what becomes of their faults.

use std::time::{Duration, Instant};

use common::{
    db::connect_app,
    http::{ApiError, Problem},
};
use http::StatusCode;
use testkit::db::TestDb;

/// The status and words a client gets.
fn told(error: sqlx::Error) -> (StatusCode, Problem) {
    use axum::response::IntoResponse;

    let response = ApiError::from(error).into_response();
    (response.status(), response.extensions().get::<Problem>().unwrap().clone())
}

#[tokio::test]
async fn they_say_whose_they_are_and_stop_what_takes_too_long() {
    let db = TestDb::new().await;
    let pool = connect_app(&db.settings, "some-service").await.unwrap();
    assert_eq!(pool.options().get_max_connections(), db.settings.max_connections());
    let (name, timeout, zone): (String, String, String) = sqlx::query_as(
        "select current_setting('application_name'), current_setting('statement_timeout'), current_setting('timezone')",
    )
    .fetch_one(&pool)
    .await
    .unwrap();
    assert_eq!((name.as_str(), timeout.as_str(), zone.as_str()), ("some-service", "30s", "UTC"));
    let mut tx = pool.begin().await.unwrap();
    sqlx::query("set local statement_timeout = '50ms'").execute(&mut *tx).await.unwrap();
    let error = sqlx::query("select pg_sleep(5)").execute(&mut *tx).await.unwrap_err();
    let (status, problem) = told(error);
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(problem.detail.contains("in time"), "{}", problem.detail);
}

#[tokio::test]
async fn a_connection_that_is_cut_is_a_503_and_the_next_one_works() {
    let db = TestDb::new().await;
    let mut tx = db.app.begin().await.unwrap();
    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and usename = $1",
    )
    .bind(&db.settings.app_user)
    .execute(&db.owner)
    .await
    .unwrap();
    let error = sqlx::query("select 1").execute(&mut *tx).await.unwrap_err();
    assert_eq!(told(error).0, StatusCode::SERVICE_UNAVAILABLE);
    drop(tx);
    sqlx::query("select 1").execute(&db.app).await.unwrap();
}

#[tokio::test]
async fn a_fault_of_ours_is_a_500_without_its_words() {
    let db = TestDb::new().await;
    let error = sqlx::query("select no_such_column from accounts").execute(&db.app).await.unwrap_err();
    let (status, problem) = told(error);
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(!problem.detail.contains("no_such_column"));
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_at_once() {
    let db = TestDb::new().await;
    let settings = common::config::DatabaseSettings { port: 1, ..db.settings.clone() };
    let started = Instant::now();
    let error = connect_app(&settings, "t").await.unwrap_err().to_string();
    assert!(started.elapsed() < Duration::from_secs(3));
    assert!(error.contains("refused"), "{error}");
    assert!(settings.place().contains("127.0.0.1:1 "));
}
