//! The BigQuery source against an engine that runs its queries (`emulator`; scripts/bqemulator.sh install). What a job reads
//! from there is what the same rows are as a file.

use chrono::NaiveDate;
use common::config::{GoogleEndpoints, GoogleSettings};
use common::db::TenantTx;
use common::ids::JobId;
use data_service::ingest::job::{NewJob, create};
use data_service::ingest::view::JobView;
use data_service::ingest::work::Ingestion;
use data_service::source::grants::{Grant, allow};
use data_service::source::{SourceConfig, load};
use serde_json::{Value, json};
use testkit::google::{Stub, export_schema};
use testkit::oracle::TenantSettings;
use testkit::rows::{RandomSpec, by_day, ndjson, random};

use crate::emulator::{Emulator, PROJECT};
use crate::support::{Shop, assert_same, sample};

const DATASET: &str = "analytics_1";
/// Rows of 2020-11-01 whose events land, counted over the sample by its own tools (see `real_days`).
const WANTED_ROWS: u64 = 9767 + 3380 + 4 + 14 + 194;
/// Rows of a page of the emulator when the reader does not say how many it wants.
const PAGE: u64 = 10_000;

/// Reads the days of the dataset by a job of the tenant's, as the worker would.
async fn pull(shop: &mut Shop, emulator: &Emulator, stub: &Stub, range: (NaiveDate, NaiveDate)) -> JobView {
    let mut settings = testkit::state::settings(&shop.db);
    settings.data_root.clone_from(&shop.ingestion.data_root);
    settings.google = GoogleSettings {
        property_id: None,
        credentials_path: Some(shop.file("key.json", stub.key())),
        endpoints: GoogleEndpoints {
            token: Some(stub.token_url()),
            bigquery: Some(emulator.url.clone()),
            analytics_data: Some(stub.url.clone()),
        },
    };
    shop.ingestion = Ingestion::new(&settings, shop.db.app.clone()).unwrap();
    let mut tx = TenantTx::begin(&shop.db.owner, shop.tenant).await.unwrap();
    allow(tx.conn(), shop.tenant, &Grant::bigquery(PROJECT, DATASET)).await.unwrap();
    sqlx::query("insert into sources (tenant_id, kind, settings) values ($1, 'bigquery', $2)")
        .bind(shop.tenant)
        .bind(json!({ "project": PROJECT, "dataset": DATASET, "location": "US" }))
        .execute(tx.conn())
        .await
        .unwrap();
    let source = load(tx.conn(), shop.tenant).await.unwrap();
    assert!(matches!(source.config, SourceConfig::Bigquery(_)));
    let job = JobId::generate();
    let new = NewJob {
        tenant: shop.tenant,
        job,
        origin: source.config.origin(),
        source: source.config.kind(),
        mode: "replace",
        data_types: &["events".into()],
        range: Some(range),
        idempotency_key: None,
        created_by: None,
        is_scheduled: false,
    };
    create(tx.conn(), &new).await.unwrap();
    tx.commit().await.unwrap();
    shop.work(job).await
}

#[tokio::test]
#[cfg_attr(
    not(all(ga4_samples, bqemulator)),
    ignore = "the real GA4 rows or the BigQuery emulator (scripts/bqemulator.sh install) are not on this machine"
)]
async fn a_real_day_read_by_queries_lands_as_its_parquet_file_does() {
    let day = NaiveDate::from_ymd_opt(2020, 11, 1).unwrap();
    let parquet = sample("events_20201101.parquet");
    let columns: Value = serde_json::from_slice(&std::fs::read(sample("bq_schema_of_sample.json")).unwrap()).unwrap();
    let (emulator, stub) = (Emulator::start().await, Stub::start().await);
    emulator.dataset(DATASET).await;
    emulator.load(DATASET, "events_20201101", columns, "PARQUET", std::fs::read(&parquet).unwrap()).await;

    let (mut pulled, imported) = (Shop::new().await, Shop::new().await);
    let job = pull(&mut pulled, &emulator, &stub, (day, day)).await;
    assert_eq!((job.status.as_str(), job.rejected), ("completed", 0), "{job:?}\n{}", emulator.log());
    assert_eq!(job.progress.rows_read, WANTED_ROWS);
    let further_pages = emulator.requests("GET", &format!("/bigquery/v2/projects/{PROJECT}/queries/"));
    assert_eq!(further_pages as u64, WANTED_ROWS / PAGE, "{}", emulator.log());

    imported.import("replace", &[parquet]).await;
    assert_same(&imported.tables(false).await, &pulled.tables(false).await);
}

/// Rows with all that the real ones of 2020 lack: users and branches in properties and parameters, batch fields, rows without
/// a visitor, currencies, failed searches.
#[tokio::test]
#[cfg_attr(not(bqemulator), ignore = "the BigQuery emulator (scripts/bqemulator.sh install) is not on this machine")]
async fn days_of_all_that_ga4_exports_land_by_queries_as_they_do_from_files() {
    let spec = RandomSpec { days: 3, visits: 120, ..RandomSpec::default() };
    let mut rows = random(20, &spec);
    // A field that no table has today: the file keeps it, the table cannot.
    for item in rows.iter_mut().flat_map(|row| row["items"].as_array_mut().unwrap()) {
        item.as_object_mut().unwrap().remove("item_field_of_tomorrow");
    }
    let (emulator, stub) = (Emulator::start().await, Stub::start().await);
    emulator.dataset(DATASET).await;
    let columns: Value = export_schema().iter().map(testkit::google::Column::json).collect();
    let days = by_day(&rows);
    for (day, rows) in &days {
        let table = format!("events_{}", day.format("%Y%m%d"));
        emulator.load(DATASET, &table, columns.clone(), "NEWLINE_DELIMITED_JSON", ndjson(rows)).await;
    }

    let settings = TenantSettings::default();
    let (mut pulled, imported) = (Shop::of(&settings).await, Shop::of(&settings).await);
    let range = (*days.keys().next().unwrap(), *days.keys().last().unwrap());
    let job = pull(&mut pulled, &emulator, &stub, range).await;
    // Some amounts are in currencies that cannot be counted.
    assert_eq!((job.status.as_str(), job.rejected), ("completed_with_warnings", 0), "{job:?}\n{}", emulator.log());
    assert!(job.progress.rows_read < rows.len() as u64, "the query leaves nothing out");
    let same = imported.load("replace", &rows).await;
    assert_eq!(job.warnings, same.warnings);
    assert_same(&imported.tables(false).await, &pulled.tables(false).await);
}
