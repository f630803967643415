//! A stub, a client of it that does not wait long, and its rows as JSON.

use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use google::{
    AnalyticsData, BigQuery, Endpoints, Google, GoogleError, Pace, Query, ReportRequest, Rows, ServiceAccountKey,
    Timeouts, Url,
};
use serde_json::Value;
use testkit::google::Stub;

pub const PACE: Pace =
    Pace { first: Duration::from_millis(1), longest: Duration::from_millis(4), total: Duration::from_secs(5) };
/// For what is given up in the end.
pub const HASTE: Pace = Pace { total: Duration::from_millis(200), ..PACE };
pub const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(2), silence: Duration::from_secs(5), whole: Duration::from_secs(60) };

pub const PROJECT: &str = "shop-project";
pub const DATASET: &str = "analytics_1";
pub const SHARD: &str = "events_20261101";
pub const PROPERTY: &str = "123456";

pub fn endpoints(stub: &Stub) -> Endpoints {
    let url = |text: &str| Url::parse(text).unwrap();
    Endpoints { token: url(&stub.token_url()), bigquery: url(&stub.url), analytics_data: url(&stub.url) }
}

pub fn client(stub: &Stub) -> Google {
    Google::with_timeouts(endpoints(stub), PACE, TIMEOUTS).unwrap()
}

/// A client that gives up soon.
pub fn hasty(stub: &Stub) -> Google {
    Google::new(endpoints(stub), HASTE).unwrap()
}

pub fn key(stub: &Stub) -> Arc<ServiceAccountKey> {
    Arc::new(ServiceAccountKey::parse(&stub.key()).unwrap())
}

pub fn bigquery(stub: &Stub) -> BigQuery {
    client(stub).bigquery(key(stub), PROJECT, None)
}

pub fn analytics(stub: &Stub) -> AnalyticsData {
    client(stub).analytics(key(stub), PROPERTY)
}

pub fn put(stub: &Stub, table: testkit::google::Table) {
    stub.put_table(PROJECT, DATASET, SHARD, table);
}

pub fn everything() -> Query {
    Query {
        sql: format!("select * from `{PROJECT}.{DATASET}.{SHARD}`"),
        parameters: Vec::new(),
        max_bytes_billed: None,
    }
}

/// The rows of all pages.
pub async fn all(rows: &mut Rows) -> Result<Vec<Value>, GoogleError> {
    let mut all = Vec::new();
    while let Some(page) = rows.next_page().await? {
        page.for_each(|row| {
            all.push(serde_json::from_slice(row)?);
            Ok::<(), serde_json::Error>(())
        })?
        .expect("a row is JSON");
    }
    Ok(all)
}

pub async fn answer(bigquery: &BigQuery) -> Result<Vec<Value>, GoogleError> {
    all(&mut bigquery.query(&everything()).await?).await
}

pub fn day() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 11, 1).unwrap()
}

pub fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

pub fn request(dimensions: &[&str], metrics: &[&str]) -> ReportRequest {
    ReportRequest {
        date: day(),
        dimensions: names(dimensions),
        metrics: names(metrics),
        event_names: None,
        limit: 10_000,
        offset: 0,
    }
}
