//! Two real days of a real shop: every event lands, once, whatever the file's shape and however often it comes.

use crate::support::{Shop, assert_same, sample};

/// Rows per table, counted over the sample by its own tools.
const NOVEMBER: [(&str, i64); 5] =
    [("page_view", 9767), ("view_item", 3380), ("add_to_cart", 4), ("purchase", 14), ("view_search_results", 194)];
const JANUARY: [(&str, i64); 5] =
    [("page_view", 9498), ("view_item", 1829), ("add_to_cart", 295), ("purchase", 19), ("view_search_results", 198)];

async fn assert_counts(shop: &Shop, day: &str, counts: [(&str, i64); 5]) {
    for (table, rows) in counts {
        let sql = format!("select count(*) from {table} where event_date = '{day}'");
        assert_eq!(shop.number(&sql).await, rows, "{table} of {day}");
        let sql = format!("select events from day_events where day = '{day}' and table_name = '{table}'");
        assert_eq!(shop.number(&sql).await, rows, "roll-up of {table} of {day}");
    }
    assert_eq!(shop.number(&format!("select count(*) from no_search_results where event_date = '{day}'")).await, 0);
}

#[tokio::test]
#[cfg_attr(not(ga4_samples), ignore = "the real GA4 rows are not on this machine")]
async fn real_days_land_exactly_once_twice_and_interleaved() {
    let (november, january, january_json) =
        (sample("events_20201101.parquet"), sample("events_20210131.parquet"), sample("events_20210131.ndjson.gz"));
    let shop = Shop::new().await;
    let job = shop.import("replace", std::slice::from_ref(&november)).await;
    assert_eq!((job.status.as_str(), job.rejected), ("completed", 0), "{job:?}");
    assert_eq!(job.progress.rows_read, 31_272);
    assert_counts(&shop, "2020-11-01", NOVEMBER).await;
    shop.import("replace", std::slice::from_ref(&january)).await;
    assert_counts(&shop, "2021-01-31", JANUARY).await;
    let once = shop.tables(true).await;

    // 19 purchases with '(not set)' as id and no revenue: each counts by itself and adds nothing.
    assert_eq!(
        shop.number("select purchases from daily_stats where day = '2021-01-31' and location_id = ''").await,
        19
    );
    assert_eq!(
        shop.number("select count(*) from orders where amount is not null and event_date = '2021-01-31'").await,
        0
    );
    // On 2020-11-01 the ids are INT parameters.
    let ids = shop.texts("select distinct transaction_id from orders where event_date = '2020-11-01' order by 1").await;
    assert!(ids.iter().all(|id| id.parse::<u64>().is_ok()), "{ids:?}");

    shop.import("append", &[january_json.clone(), november.clone()]).await;
    assert_same(&once, &shop.tables(true).await);
    shop.import("replace", &[november, january_json]).await;
    // The NDJSON extract has the same mapped columns; numbers beside them are written as text there.
    assert_counts(&shop, "2020-11-01", NOVEMBER).await;
    assert_counts(&shop, "2021-01-31", JANUARY).await;
}

#[tokio::test]
#[cfg_attr(not(ga4_samples), ignore = "the real GA4 rows are not on this machine")]
async fn parquet_and_ndjson_of_one_day_land_the_same_rows() {
    let (parquet, json) = (sample("events_20210131.parquet"), sample("events_20210131.ndjson.gz"));
    let (one, other) = (Shop::new().await, Shop::new().await);
    one.import("replace", &[parquet]).await;
    other.import("replace", &[json]).await;
    assert_same(&one.tables(false).await, &other.tables(false).await);
}

#[tokio::test]
#[cfg_attr(not(ga4_samples), ignore = "the real GA4 rows are not on this machine")]
async fn the_consoles_array_lands_row_by_row() {
    let console = sample("console_result.json");
    let rows: Vec<serde_json::Value> = serde_json::from_slice(&std::fs::read(&console).unwrap()).unwrap();
    let named = |name: &str| rows.iter().filter(|row| row["event_name"] == name).count();
    let shop = Shop::new().await;
    let job = shop.import("replace", &[console]).await;
    assert_eq!((job.rejected, job.progress.rows_read), (0, 20), "{job:?}");
    for table in ["page_view", "view_item", "add_to_cart", "purchase", "view_search_results"] {
        assert_eq!(shop.number(&format!("select count(*) from {table}")).await, named(table) as i64, "{table}");
    }
}

#[tokio::test]
#[cfg_attr(not(ga4_samples), ignore = "the real GA4 rows are not on this machine")]
async fn a_flattened_spreadsheet_is_refused_by_line_and_reason() {
    let damaged = sample("flattened_damaged.csv");
    let shop = Shop::new().await;
    let job = shop.import("replace", &[damaged]).await;
    assert_eq!(job.status, "failed");
    let reason = job.error_message.unwrap();
    assert!(reason.contains("line 2") && reason.contains("1.61121E+15"), "{reason}");
    assert_eq!(shop.number("select count(*) from ingested_days").await, 0);
}
