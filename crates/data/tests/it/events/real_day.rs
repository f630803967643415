//! Two real days of a real shop, posted: the same rows as their import, in all that the Measurement Protocol can carry.

use std::fs::File;
use std::io::Read;

use arrow::json::LineDelimitedWriter;
use common::db::TenantTx;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use super::as_posted::posted;
use super::shop::PostingShop;
use crate::support::{TABLES, assert_same, sample};

/// Events of one body: a list of products seen is ten kilobytes.
const BODY: usize = 60;
/// The others carry no user in the sample, so nothing is missing without them.
const LANDED: [&str; 5] = ["page_view", "view_item", "add_to_cart", "purchase", "view_search_results"];

fn rows(file: &str) -> Vec<Value> {
    let path = sample(file);
    let mut text = Vec::new();
    if file.ends_with(".parquet") {
        let reader = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
        let mut writer = LineDelimitedWriter::new(&mut text);
        for batch in reader {
            writer.write(&batch.unwrap()).unwrap();
        }
        writer.finish().unwrap();
    } else {
        flate2::read::MultiGzDecoder::new(File::open(path).unwrap()).read_to_end(&mut text).unwrap();
    }
    text.split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_slice(line).unwrap())
        .collect()
}

/// Without what an exporter adds, and without who brought it.
async fn tables(shop: &PostingShop) -> Vec<(String, Vec<String>)> {
    let mut tables = Vec::new();
    let mut tx = TenantTx::begin(&shop.scene.state.pool, shop.scene.tenant).await.unwrap();
    for (table, order) in TABLES {
        let sql =
            format!("select (to_jsonb(t) - 'tenant_id' - 'extra' - 'posted')::text from {table} t order by {order}");
        tables.push((table.into(), sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(tx.conn()).await.unwrap()));
    }
    tables
}

async fn a_day_posted_is_that_day_imported(file: &str) {
    let imported = PostingShop::new().await;
    imported.scene.start_worker();
    let queued = imported.scene.upload("", std::fs::read(sample(file)).unwrap()).await.expect(202);
    assert_eq!(imported.scene.ended(&queued).await["status"], "completed");

    let shop = PostingShop::new().await;
    // Years ago; nobody can set this through the API.
    shop.limit(
        json!({"max_age_hours": 200_000, "max_params": 100, "max_value_length": 16384, "max_page_title_length": 2000,
        "max_page_location_length": 4000, "max_page_referrer_length": 4000, "max_item_params": 100}),
    )
    .await;
    let objects: Vec<Value> =
        rows(file).iter().filter(|row| LANDED.contains(&row["event_name"].as_str().unwrap())).map(posted).collect();
    for (n, body) in objects.chunks(BODY).enumerate() {
        // The first half waits as a backlog, the second is folded as it comes.
        if n == objects.len() / BODY / 2 {
            shop.scene.start_folding();
        }
        let answer = shop.post(&json!(body)).await.expect(202);
        assert_eq!((&answer["rejected"], &answer["duplicates"]), (&json!([]), &json!(0)));
    }
    shop.until_folded().await;
    assert_same(&tables(&imported).await, &tables(&shop).await);
}

#[tokio::test]
#[cfg_attr(not(ga4_samples), ignore = "the real GA4 rows are not on this machine")]
async fn a_day_of_2021_posted_is_that_day_imported() {
    a_day_posted_is_that_day_imported("events_20210131.ndjson.gz").await;
}

#[tokio::test]
#[cfg_attr(not(ga4_samples), ignore = "the real GA4 rows are not on this machine")]
async fn a_day_of_2020_with_revenue_posted_is_that_day_imported() {
    a_day_posted_is_that_day_imported("events_20201101.parquet").await;
}
