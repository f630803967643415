//! A tenant on a database of its own, files into it through the real job, and its tables as text.

use std::path::PathBuf;

use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use common::jobs::Attempt;
use data_service::ingest::job::IngestTask;
use data_service::ingest::submit::submit;
use data_service::ingest::view::{JobView, view};
use data_service::ingest::work::{Ingestion, work};
use serde_json::Value;
use sqlx::{AssertSqlSafe, PgPool};
use testkit::db::TestDb;
use testkit::oracle::TenantSettings;
use tokio_util::sync::CancellationToken;

/// Tables that hold events and all that is derived from them, with the columns that order their rows.
pub const TABLES: [(&str, &str); 18] = [
    ("page_view", "event_date, event_id"),
    ("view_item", "event_date, event_id"),
    ("add_to_cart", "event_date, event_id"),
    ("purchase", "event_date, event_id"),
    ("view_search_results", "event_date, event_id"),
    ("no_search_results", "event_date, event_id"),
    ("visit_identities", "visit_id, event_date, kind, posted"),
    ("visits", "visit_id"),
    ("visit_products", "visit_id"),
    ("search_lines", "line_id"),
    ("orders", "event_date, event_id"),
    ("hourly_stats", "location_id, day, hour"),
    ("daily_stats", "location_id, day"),
    ("user_days", "location_id, day, user_id"),
    ("bounce_pages", "location_id, day, page_hash"),
    ("user_months", "location_id, month, user_id"),
    ("bounce_months", "location_id, month, page_hash"),
    ("day_events", "day, table_name"),
];

pub struct Shop {
    pub db: TestDb,
    pub tenant: TenantId,
    pub ingestion: Ingestion,
    files: tempfile::TempDir,
    _data_root: tempfile::TempDir,
}

impl Shop {
    /// A tenant in UTC that counts in USD.
    pub async fn new() -> Self {
        Self::of(&TenantSettings { zone: chrono_tz::UTC, ..TenantSettings::default() }).await
    }

    pub async fn of(settings: &TenantSettings) -> Self {
        let db = TestDb::new().await;
        let data_root = tempfile::tempdir().unwrap();
        let tenant = TenantId::generate();
        let mut tx = TenantTx::begin(&db.app, tenant).await.unwrap();
        sqlx::query(
            "insert into tenants (tenant_id, name, time_zone, currency, week_start, user_property, branch_property,
                 failed_search_aliases)
             values ($1, 'Shop', $2, $3, $4, $5, $6, array['view_search_results_no_results'] || $7::text[])",
        )
        .bind(tenant)
        .bind(settings.zone.name())
        .bind(&settings.currency)
        .bind(settings.week_start.number_from_monday() as i16)
        .bind(&settings.user_property)
        .bind(&settings.branch_property)
        .bind(&settings.failed_search_aliases)
        .execute(tx.conn())
        .await
        .unwrap();
        tx.commit().await.unwrap();
        let mut service = testkit::state::settings(&db);
        service.data_root = data_root.path().to_owned();
        let ingestion = Ingestion::new(&service, db.app.clone()).unwrap();
        Self { db, tenant, ingestion, files: tempfile::tempdir().unwrap(), _data_root: data_root }
    }

    /// Takes the files in by a job and answers how it ended.
    pub async fn import(&self, mode: &str, files: &[PathBuf]) -> JobView {
        let job = submit(&self.ingestion.pool, &self.ingestion.data_root, self.tenant, mode, files).await.unwrap();
        self.work(job).await
    }

    /// Works a job that is queued, as the worker would.
    pub async fn work(&self, job: JobId) -> JobView {
        let attempt = Attempt { number: 1, most: 25, stop: CancellationToken::new() };
        work(&self.ingestion, IngestTask { tenant_id: self.tenant, job_id: job }, &attempt).await.unwrap();
        let mut tx = TenantTx::begin(&self.db.app, self.tenant).await.unwrap();
        view(tx.conn(), self.tenant, job).await.unwrap()
    }

    /// A file of this content under this name.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.files.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Takes rows in as one NDJSON file.
    pub async fn load(&self, mode: &str, rows: &[Value]) -> JobView {
        let file = self.file("rows.json", testkit::rows::ndjson(rows));
        self.import(mode, &[file]).await
    }

    /// Every row of every table, as text in a fixed order: equal texts are equal databases. `extra` is what an exporter
    /// had beside the mapped columns, and may differ between file shapes.
    pub async fn tables(&self, with_extra: bool) -> Vec<(String, Vec<String>)> {
        tables(&self.db.app, self.tenant, with_extra).await
    }

    /// One number.
    pub async fn number(&self, sql: &str) -> i64 {
        let mut tx = TenantTx::begin(&self.db.app, self.tenant).await.unwrap();
        sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql.to_owned())).fetch_one(tx.conn()).await.unwrap()
    }

    /// One column of texts, null as `null`.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let mut tx = TenantTx::begin(&self.db.app, self.tenant).await.unwrap();
        let rows =
            sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(sql.to_owned())).fetch_all(tx.conn()).await.unwrap();
        rows.into_iter().map(|text| text.unwrap_or_else(|| "null".into())).collect()
    }
}

/// See [`Shop::tables`].
pub async fn tables(pool: &PgPool, tenant: TenantId, with_extra: bool) -> Vec<(String, Vec<String>)> {
    let mut tables = Vec::new();
    let mut tx = TenantTx::begin(pool, tenant).await.unwrap();
    for (table, order) in TABLES {
        let row = if with_extra { "to_jsonb(t) - 'tenant_id'" } else { "to_jsonb(t) - 'tenant_id' - 'extra'" };
        let sql = format!("select ({row})::text from {table} t order by {order}");
        let rows = sqlx::query_scalar::<_, String>(AssertSqlSafe(sql)).fetch_all(tx.conn()).await.unwrap();
        tables.push((table.to_owned(), rows));
    }
    tables
}

/// Says which table and row differ first.
#[track_caller]
pub fn assert_same(left: &[(String, Vec<String>)], right: &[(String, Vec<String>)]) {
    for ((table, ours), (_, theirs)) in left.iter().zip(right) {
        for (n, (a, b)) in ours.iter().zip(theirs).enumerate() {
            assert_eq!(a, b, "{table}, row {n}");
        }
        assert_eq!(ours.len(), theirs.len(), "rows of {table}");
    }
}

/// A file of the real sample. Tests that ask for one are ignored where the folder is absent (build.rs).
pub fn sample(name: &str) -> PathBuf {
    std::env::var("GA4_SAMPLE_DIR")
        .map_or_else(|_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), PathBuf::from)
        .join(name)
}
