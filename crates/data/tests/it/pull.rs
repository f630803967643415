//! A tenant whose source is a stub of Google, pulled from by real jobs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{Days, NaiveDate, Utc};
use common::auth::{AppState, Role};
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use common::jobs::Attempt;
use common::secrets::Sealer;
use data_service::events::fold::{Waiting, keep_folding};
use data_service::ingest::job::{IngestTask, NewJob, Origin, create};
use data_service::ingest::work::{GoogleAccess, Ingestion, work};
use data_service::source::{SourceKind, endpoints};
use data_service::sources::Patience;
use data_service::state::DataState;
use data_service::{router, serve};
use google::{Google, Pace, Timeouts};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use testkit::db::TestDb;
use testkit::google::{Stub, Table};
use testkit::http::{Client, TestServer};
use testkit::oracle::TenantSettings;
use testkit::rows::{Event, Item, micros};
use tokio_util::sync::{CancellationToken, DropGuard};

pub const PROJECT: &str = "shop-project";
pub const DATASET: &str = "analytics_123456789";
pub const PROPERTY: &str = "123456789";

/// What Google does not answer is given up within half a second, ...
const PACE: Pace =
    Pace { first: Duration::from_millis(1), longest: Duration::from_millis(4), total: Duration::from_millis(500) };
const TIMEOUTS: Timeouts =
    Timeouts { connect: Duration::from_secs(5), silence: Duration::from_secs(20), whole: Duration::from_secs(60) };
/// ... and the job after so many attempts with a pause in between.
pub const PATIENCE: Patience = Patience {
    first: Duration::from_millis(20),
    longest: Duration::from_millis(50),
    after_server_errors: Duration::from_millis(20),
    attempts: 4,
    attempt: 1,
};

/// A data service on a database of its own, and the Google that it knows.
pub struct Pull {
    // Dropped first: the worker lets go of the database.
    _stop: DropGuard,
    stop: CancellationToken,
    pub stub: Stub,
    pub state: AppState,
    pub tenant: TenantId,
    pub owner: Client,
    pub ingestion: Ingestion,
    pub server: TestServer,
    waiting: Waiting,
    pub root: tempfile::TempDir,
    pub db: TestDb,
}

/// The day of the tenants' clocks.
pub fn today() -> NaiveDate {
    Utc::now().date_naive()
}

/// So many days ago.
pub fn ago(days: u64) -> NaiveDate {
    today() - Days::new(days)
}

/// The body of `PUT /data/source` for the dataset, with this key where there is one.
pub fn bigquery_source(key: Option<&str>) -> Value {
    let mut body = json!({ "kind": "bigquery", "bigquery": { "project": PROJECT, "dataset": DATASET } });
    if let Some(key) = key {
        body["service_account"] = json!(key);
    }
    body
}

impl Pull {
    /// A tenant in UTC that counts in USD, with a key of its own to its dataset.
    pub async fn new() -> Self {
        Self::of(&TenantSettings { zone: chrono_tz::UTC, ..TenantSettings::default() }).await
    }

    pub async fn of(settings: &TenantSettings) -> Self {
        let pull = Self::without_source(settings, None).await;
        pull.set_source(&bigquery_source(Some(&pull.stub.key()))).await;
        pull
    }

    /// A tenant that has no source yet; `operators_key` is what the operator's key file holds.
    pub async fn without_source(settings: &TenantSettings, operators_key: Option<String>) -> Self {
        let (db, stub) = (TestDb::new().await, Stub::start().await);
        let root = tempfile::tempdir().unwrap();
        let mut service = testkit::state::settings(&db);
        service.data_root = root.path().join("data");
        service.google.endpoints.token = Some(stub.token_url());
        service.google.endpoints.bigquery = Some(stub.url.clone());
        service.google.endpoints.analytics_data = Some(stub.url.clone());
        if let Some(key) = operators_key {
            let path = root.path().join("operator.json");
            std::fs::write(&path, key).unwrap();
            service.google.credentials_path = Some(path);
        }
        let access = GoogleAccess {
            client: Google::with_timeouts(endpoints(&service.google).unwrap(), PACE, TIMEOUTS).unwrap(),
            sealer: Sealer::from_settings(&service),
            settings: service.google.clone(),
            patience: PATIENCE,
        };
        let ingestion = Ingestion {
            pool: db.app.clone(),
            data_root: service.data_root.clone(),
            google: Arc::new(access),
            allow_private_addresses: false,
        };
        let state = AppState::new(db.app.clone(), service);
        let waiting = Waiting::default();
        let server = TestServer::start(router(DataState { app: state.clone(), waiting: waiting.clone() })).await;
        let tenant = testkit::tenants::create(&db.app, settings).await;
        let person = testkit::tokens::member(&state, tenant, Role::Owner).await;
        let owner = Client::new(&server.url).of(&person, tenant);
        let stop = CancellationToken::new();
        Self {
            _stop: stop.clone().drop_guard(),
            stop,
            stub,
            state,
            tenant,
            owner,
            ingestion,
            server,
            waiting,
            root,
            db,
        }
    }

    /// `PUT /data/source`.
    pub async fn set_source(&self, body: &Value) {
        self.owner.put("/data/source", body).await.expect(200);
    }

    /// Puts the rows of a day into its daily table, one of the dataset's.
    pub fn put_day(&self, day: NaiveDate, rows: Vec<Value>) {
        self.put(&daily(day), Table::export(rows));
    }

    pub fn put(&self, table: &str, content: Table) {
        self.stub.put_table(PROJECT, DATASET, table, content);
    }

    /// Queues the days by the API; answers the job's id.
    pub async fn start(&self, from: NaiveDate, to: NaiveDate) -> JobId {
        let body = json!({ "start_date": from, "end_date": to, "data_types": ["events"] });
        id(&self.owner.post("/data/ingest/start", &body).await.expect(202))
    }

    /// Queues the days as the schedule does.
    pub async fn start_scheduled(&self, from: NaiveDate, to: NaiveDate) -> JobId {
        let job = JobId::generate();
        let mut tx = TenantTx::begin(&self.db.app, self.tenant).await.unwrap();
        let new = NewJob {
            tenant: self.tenant,
            job,
            origin: Origin::Pull,
            source: SourceKind::Bigquery,
            is_scheduled: true,
            mode: "replace",
            data_types: &["events".to_owned()],
            range: Some((from, to)),
            idempotency_key: None,
            created_by: None,
        };
        create(tx.conn(), &new).await.unwrap();
        tx.commit().await.unwrap();
        job
    }

    /// Works the job once, as the worker would; the job as the API shows it then.
    pub async fn work(&self, job: JobId) -> Value {
        let attempt = Attempt { number: 1, most: 25, stop: CancellationToken::new() };
        work(&self.ingestion, IngestTask { tenant_id: self.tenant, job_id: job }, &attempt).await.unwrap();
        self.job(job).await
    }

    /// Starts a job and works it once.
    pub async fn pull(&self, from: NaiveDate, to: NaiveDate) -> Value {
        self.work(self.start(from, to).await).await
    }

    /// The same, which has to go well.
    pub async fn pull_well(&self, from: NaiveDate, to: NaiveDate) -> Value {
        let job = self.pull(from, to).await;
        assert_eq!(job["status"], "completed", "{job}");
        job
    }

    pub async fn job(&self, job: JobId) -> Value {
        self.owner.get(&format!("/data/ingest/jobs/{job}")).await.expect(200)
    }

    /// `cancel` or `retry`.
    pub async fn tell(&self, job: JobId, what: &str) -> testkit::http::Answer {
        self.owner.post(&format!("/data/ingest/jobs/{job}/{what}"), &json!({})).await
    }

    /// A worker that takes what is queued, until the test ends.
    pub fn start_worker(&self) {
        let dead_after = self.state.settings.worker_dead_after;
        tokio::spawn(serve::worker(self.ingestion.clone(), dead_after, self.stop.clone()));
    }

    /// Moves posted events on, until the test ends.
    pub fn start_folding(&self) {
        tokio::spawn(keep_folding(self.state.pool.clone(), self.waiting.clone(), self.stop.clone()));
    }

    /// Looks until the job is as wanted.
    pub async fn until(&self, job: JobId, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = std::time::Instant::now();
        loop {
            let seen = self.job(job).await;
            if wanted(&seen) {
                return seen;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "the job stays {seen}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub async fn ended(&self, job: JobId) -> Value {
        self.until(job, |job| job["completed_at"].is_string()).await
    }

    pub async fn tables(&self, with_extra: bool) -> Vec<(String, Vec<String>)> {
        crate::support::tables(&self.db.app, self.tenant, with_extra).await
    }

    /// One column of texts, null as `null`.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let mut tx = TenantTx::begin(&self.db.app, self.tenant).await.unwrap();
        let rows =
            sqlx::query_scalar::<_, Option<String>>(AssertSqlSafe(sql.to_owned())).fetch_all(tx.conn()).await.unwrap();
        rows.into_iter().map(|text| text.unwrap_or_else(|| "null".into())).collect()
    }

    /// What became of the job's days: `2026-11-01 landed`, oldest first.
    pub async fn outcomes(&self, job: JobId) -> Vec<String> {
        let sql = format!("select day || ' ' || outcome from ingestion_job_days where job_id = '{job}' order by day");
        self.texts(&sql).await
    }

    /// The days in `/data/availability`.
    pub async fn availability(&self) -> BTreeMap<NaiveDate, Value> {
        let answer = self.owner.get("/data/availability").await.expect(200);
        let days = answer["days"].as_array().unwrap().iter();
        days.map(|day| (day["date"].as_str().unwrap().parse().unwrap(), day.clone())).collect()
    }

    /// How often the job stands in the queue.
    pub async fn places_in_queue(&self, job: JobId) -> i64 {
        sqlx::query_scalar("select count(*) from jobs._private_jobs where payload ->> 'job_id' = $1")
            .bind(job.to_string())
            .fetch_one(&self.db.owner)
            .await
            .unwrap()
    }

    /// What is left on the disk of the tenant's jobs.
    pub fn folders(&self) -> Vec<std::path::PathBuf> {
        let jobs = self.ingestion.data_root.join(".jobs").join(self.tenant.to_string());
        std::fs::read_dir(jobs).map(|jobs| jobs.map(|job| job.unwrap().path()).collect()).unwrap_or_default()
    }
}

pub fn id(queued: &Value) -> JobId {
    queued["job_id"].as_str().unwrap().parse().unwrap()
}

/// The day's daily table.
pub fn daily(day: NaiveDate) -> String {
    format!("events_{}", day.format("%Y%m%d"))
}

pub fn fresh(day: NaiveDate) -> String {
    format!("events_fresh_{}", day.format("%Y%m%d"))
}

pub fn intraday(day: NaiveDate) -> String {
    format!("events_intraday_{}", day.format("%Y%m%d"))
}

/// An event at this time of the day, UTC.
pub fn at(day: NaiveDate, time: &str, name: &str) -> Event {
    Event::new(name, day, micros(chrono_tz::UTC, &format!("{day} {time}")))
}

/// One view of a page.
pub fn view(day: NaiveDate, visitor: &str, page: &str) -> Value {
    at(day, "10:00:00", "page_view").visit(visitor, 500).page(page).build()
}

/// So many visits of a day, seven rows each, of which six are to be asked for: the branch comes with the `session_start`, the
/// user with the `login`, and the `scroll` says nothing. The first visit of a day goes on where that of the day before ended.
pub fn visits(day: NaiveDate, count: usize) -> Vec<Value> {
    (0..count).flat_map(|number| visit(day, number)).collect()
}

/// Rows of a visit that [`visits`] makes, and those of them that a query asks for.
pub const ROWS_A_VISIT: usize = 7;
pub const ASKED_A_VISIT: usize = 6;

fn visit(day: NaiveDate, number: usize) -> Vec<Value> {
    let clock = format!("{:02}:{:02}", number / 60 % 60, number % 60);
    let visitor = if number == 0 { "night owl".to_owned() } else { format!("{}.{number}", day.format("%m%d")) };
    let event = |hour: u64, name: &str| at(day, &format!("{hour:02}:{clock}"), name).visit(&visitor, 1_000);
    let page = format!("https://shop.example/{}", number % 40);
    let item = || Item::new(&format!("SKU{}", number % 25), "Valve").price(2.5).quantity(1 + number as i64 % 3);
    let user = format!("U{}", number % 30);
    vec![
        event(0, "session_start").property("default_branch_id", format!("D{:02}", number % 5).as_str()).build(),
        event(1, "page_view").page(&page).param("page_referrer", "https://search.example/").build(),
        event(2, "scroll").param("percent_scrolled", 90).build(),
        event(3, "view_item").page(&page).item(item()).build(),
        event(4, "add_to_cart").page(&page).currency("USD").item(item()).build(),
        event(5, "login").property("WebUserId", user.as_str()).user_id(&format!("G{user}")).build(),
        event(6, "purchase")
            .page(&page)
            .currency("USD")
            .transaction(format!("T-{visitor}").as_str())
            .revenue(12.25)
            .item(item())
            .build(),
    ]
}
