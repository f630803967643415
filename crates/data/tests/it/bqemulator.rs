//! The BigQuery source against an engine that runs its queries: PyPI's bqemulator, which scripts/bqemulator.sh installs. What
//! is read from there of a real day is what the day's Parquet file holds.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{NaiveDate, Utc};
use common::db::TenantTx;
use common::ids::JobId;
use data_service::ga4::MappingSettings;
use data_service::ingest::job::{NewJob, Origin, create};
use data_service::load::{Landing, land_day};
use data_service::sources::bigquery::{BigQueryExport, Order, Wanted};
use data_service::sources::{Context, Counters, Patience, Sink, SinkOrder, Source, Unit, day_file};
use google::{Endpoints, Google, Pace, ServiceAccountKey, Url};
use reqwest::Client;
use serde_json::{Value, json};
use testkit::google::Stub;

use crate::process::free_port;
use crate::support::{Shop, assert_same, sample};

const PROJECT: &str = "shop-project";
const DATASET: &str = "analytics_1";
const TABLE: &str = "events_20201101";
/// Rows of the day whose events land, counted over the sample by its own tools (see `real_days`).
const WANTED_ROWS: u64 = 9767 + 3380 + 4 + 14 + 194;
/// Rows of a page when the reader does not say how many it wants.
const EMULATORS_PAGE: u64 = 10_000;

/// The emulator as a child process; however the test ends, it ends too.
struct Emulator {
    child: Child,
    url: String,
    client: Client,
    folder: tempfile::TempDir,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Already gone when it has crashed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Emulator {
    async fn start() -> Self {
        let program = std::env::var_os("BQEMULATOR").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.local/bqemulator/bin/bqemulator"),
            PathBuf::from,
        );
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let (rest, grpc) = (free_port(), free_port());
        let child = Command::new(program)
            .args(["start", "--ephemeral", "--rest-port", &rest.to_string(), "--grpc-port", &grpc.to_string()])
            .current_dir(folder.path())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut emulator = Self { child, url: format!("http://127.0.0.1:{rest}"), client: Client::new(), folder };
        let started = Instant::now();
        loop {
            let ready = emulator.client.get(format!("{}/readyz", emulator.url)).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return emulator;
            }
            let ended = emulator.child.try_wait().unwrap();
            assert!(
                ended.is_none() && started.elapsed() < Duration::from_secs(90),
                "the emulator does not get ready: {ended:?}\n{}",
                emulator.log()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Requests to an address that begins so.
    fn requests(&self, method: &str, path: &str) -> usize {
        let wanted = format!("\"method\": \"{method}\", \"path\": \"{path}");
        self.log().lines().filter(|line| line.contains(&wanted)).count()
    }

    async fn post(&self, path: &str, content_type: &str, body: Vec<u8>) -> Value {
        let request = self.client.post(format!("{}{path}", self.url)).header("content-type", content_type).body(body);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// A table of GA4's schema with the rows of a Parquet file.
    async fn load(&self, table: &str, parquet: Vec<u8>) {
        let project = format!("/bigquery/v2/projects/{PROJECT}");
        let schema: Value = serde_json::from_slice(&fs::read(sample("bq_schema_of_sample.json")).unwrap()).unwrap();
        let reference = json!({ "projectId": PROJECT, "datasetId": DATASET, "tableId": table });
        let dataset = json!({ "datasetReference": { "projectId": PROJECT, "datasetId": DATASET }, "location": "US" });
        self.post(&format!("{project}/datasets"), "application/json", dataset.to_string().into_bytes()).await;
        let table = json!({ "tableReference": reference, "schema": { "fields": schema } });
        let tables = format!("{project}/datasets/{DATASET}/tables");
        self.post(&tables, "application/json", table.to_string().into_bytes()).await;
        let load = json!({ "configuration": { "load": {
            "destinationTable": reference,
            "sourceFormat": "PARQUET",
            "writeDisposition": "WRITE_TRUNCATE",
            "parquetOptions": { "enableListInference": true },
        } } });
        let mut body = format!(
            "--part\r\ncontent-type: application/json\r\n\r\n{load}\r\n\
             --part\r\ncontent-type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend(parquet);
        body.extend(b"\r\n--part--\r\n");
        let jobs = format!("/upload{project}/jobs?uploadType=multipart");
        let job = self.post(&jobs, "multipart/related; boundary=part", body).await;
        assert_eq!(job["status"]["state"], "DONE", "{job}");
        assert!(job["status"]["errorResult"].is_null(), "{job}");
    }
}

fn source(emulator: &Emulator, stub: &Stub, day: NaiveDate, settings: &MappingSettings) -> BigQueryExport {
    let endpoints = Endpoints {
        token: Url::parse(&stub.token_url()).unwrap(),
        bigquery: Url::parse(&emulator.url).unwrap(),
        analytics_data: Url::parse(&stub.url).unwrap(),
    };
    let google = Google::new(endpoints, Pace::default()).unwrap();
    let key = Arc::new(ServiceAccountKey::parse(&stub.key()).unwrap());
    BigQueryExport::new(Order {
        client: google.bigquery(key, PROJECT, Some("US")),
        project: PROJECT.into(),
        dataset: DATASET.into(),
        days: vec![day],
        today: Utc::now().date_naive(),
        wanted: Wanted::of(settings),
        max_bytes_billed: 20 << 30,
        known: std::collections::BTreeMap::new(),
        patience: Patience::default(),
    })
}

#[tokio::test]
#[cfg_attr(
    not(all(ga4_samples, bqemulator)),
    ignore = "the real GA4 rows or the BigQuery emulator (scripts/bqemulator.sh install) are not on this machine"
)]
async fn a_real_day_read_by_queries_lands_as_its_parquet_file_does() {
    let day = NaiveDate::from_ymd_opt(2020, 11, 1).unwrap();
    let parquet = sample("events_20201101.parquet");
    let (emulator, stub) = (Emulator::start().await, Stub::start().await);
    emulator.load(TABLE, fs::read(&parquet).unwrap()).await;

    let (queried, imported) = (Shop::new().await, Shop::new().await);
    imported.import("replace", &[parquet]).await;
    let settings = MappingSettings {
        currency: "USD".into(),
        user_property: "WebUserId".into(),
        branch_property: "default_branch_id".into(),
        failed_search_aliases: vec!["view_search_results_no_results".into()],
        latest_timestamp: Utc::now().timestamp_micros(),
    };
    let source = source(&emulator, &stub, day, &settings);
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("days")).unwrap();
    let counters = Arc::new(Counters::default());
    let order = SinkOrder { settings, range: Some((day, day)), tolerant: false, counters: Arc::clone(&counters) };
    let context = Context { scratch: folder.path().join("scratch"), counters };
    assert_eq!(source.units().await.unwrap(), [Unit::of_day(day)]);
    let sink = Sink::new(folder.path(), order).unwrap();
    let parsed = source.read(&Unit::of_day(day), &context, sink).await.unwrap().finish().unwrap();
    assert_eq!((parsed.refused.as_deref(), parsed.rejected()), (None, 0));
    assert_eq!(parsed.rows(), WANTED_ROWS);
    let pages = emulator.requests("GET", &format!("/bigquery/v2/projects/{PROJECT}/queries/"));
    assert_eq!(pages as u64, WANTED_ROWS / EMULATORS_PAGE, "pages after the first\n{}", emulator.log());

    let job = JobId::generate();
    let new = NewJob {
        tenant: queried.tenant,
        job,
        origin: Origin::Pull,
        source: data_service::source::SourceKind::Bigquery,
        mode: "replace",
        data_types: &["events".into()],
        range: Some((day, day)),
        idempotency_key: None,
        created_by: None,
        is_scheduled: false,
    };
    let mut tx = TenantTx::begin(&queried.db.app, queried.tenant).await.unwrap();
    create(tx.conn(), &new).await.unwrap();
    sqlx::query("update ingestion_jobs set status = 'processing'").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let report = parsed.days[&day];
    let landing = Landing {
        tenant: queried.tenant,
        job,
        day,
        day_file: day_file(folder.path(), day, report.shard),
        records: report.records,
        source: "bigquery".into(),
        shard: report.shard.as_str(),
        mode: "replace".into(),
        table: parsed.table.clone(),
        is_final: parsed.is_final,
    };
    land_day(&queried.db.app, &landing, &false.into()).await.unwrap();
    assert_same(&imported.tables(false).await, &queried.tables(false).await);
}
