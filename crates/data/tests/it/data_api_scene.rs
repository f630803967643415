//! A tenant whose source is a property of a stub of Google: jobs over HTTP, worked as the worker works them.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::America::New_York;
use common::auth::{AppState, Role};
use common::config::GoogleEndpoints;
use common::db::TenantTx;
use common::ids::TenantId;
use common::jobs::Attempt;
use common::secrets::Sealer;
use data_service::ingest::job::IngestTask;
use data_service::ingest::work::{GoogleAccess, Ingestion, work};
use data_service::source::endpoints;
use data_service::sources::Patience;
use google::{Google, Pace};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;
use testkit::db::TestDb;
use testkit::google::{Call, Endpoint, Property, Stub};
use testkit::http::{Client, TestServer};
use testkit::oracle::TenantSettings;
use testkit::rows::Event;
use tokio_util::sync::CancellationToken;

pub const PROPERTY: &str = "123456789";

/// What a property can register of what the product needs.
pub const DIMENSIONS: [&str; 5] = [
    "customEvent:ga_session_id",
    "customEvent:client_id",
    "customUser:WebUserId",
    "customUser:default_branch_id",
    "customEvent:no_search_results_term",
];

const PACE: Pace =
    Pace { first: Duration::from_millis(1), longest: Duration::from_millis(4), total: Duration::from_secs(5) };

/// A data service on a database of its own, and a tenant that pulls from the Data API.
pub struct PropertyScene {
    pub stub: Stub,
    pub state: AppState,
    pub tenant: TenantId,
    pub owner: Client,
    pub ingestion: Ingestion,
    pub root: tempfile::TempDir,
    _server: TestServer,
    pub db: TestDb,
}

/// A tenant by the clocks of New York that counts in USD.
pub fn new_york() -> TenantSettings {
    TenantSettings { zone: New_York, ..TenantSettings::default() }
}

/// What a process that works jobs has.
fn process(state: &AppState) -> Ingestion {
    let settings = &state.settings;
    let google = GoogleAccess {
        client: Google::new(endpoints(&settings.google).unwrap(), PACE).unwrap(),
        sealer: Sealer::from_settings(settings),
        settings: settings.google.clone(),
        patience: Patience::default(),
    };
    Ingestion {
        pool: state.pool.clone(),
        data_root: settings.data_root.clone(),
        google: Arc::new(google),
        allow_private_addresses: false,
    }
}

impl PropertyScene {
    pub async fn new(property: Property) -> Self {
        Self::of(&new_york(), property).await
    }

    pub async fn of(settings: &TenantSettings, property: Property) -> Self {
        let stub = Stub::start().await;
        stub.put_property(PROPERTY, property);
        let db = TestDb::new().await;
        let root = tempfile::tempdir().unwrap();
        let mut service = testkit::state::settings(&db);
        service.data_root = root.path().to_owned();
        service.google.endpoints = GoogleEndpoints {
            token: Some(stub.token_url()),
            bigquery: Some(stub.url.clone()),
            analytics_data: Some(stub.url.clone()),
        };
        let state = AppState::new(db.app.clone(), service);
        let ingestion = process(&state);
        let server = TestServer::start(data_service::router(state.clone())).await;
        let tenant = testkit::tenants::create(&db.app, settings).await;
        let person = testkit::tokens::member(&state, tenant, Role::Owner).await;
        let owner = Client::new(&server.url).of(&person, tenant);
        let source = json!({"kind": "data_api", "data_api": {"property_id": PROPERTY}, "service_account": stub.key()});
        owner.put("/data/source", &source).await.expect(200);
        Self { stub, state, tenant, owner, ingestion, root, _server: server, db }
    }

    /// The job over these days, queued.
    pub async fn start(&self, from: &str, to: &str) -> Value {
        self.owner.post("/data/ingest/start", &json!({"start_date": from, "end_date": to})).await.expect(202)
    }

    fn task(&self, job: &Value) -> IngestTask {
        IngestTask { tenant_id: self.tenant, job_id: job["job_id"].as_str().unwrap().parse().unwrap() }
    }

    /// One attempt at the job, whether its time has come or not.
    pub async fn attempt(&self, job: &Value) -> Value {
        let attempt = Attempt { number: 1, most: 25, stop: CancellationToken::new() };
        work(&self.ingestion, self.task(job), &attempt).await.unwrap();
        self.job(job).await
    }

    /// What is worked from here on is worked by another process.
    pub fn another_process(&mut self) {
        self.ingestion = process(&self.state);
    }

    /// An attempt whose process dies once `when` is true.
    pub async fn killed(&self, job: &Value, when: impl Fn() -> bool) {
        let (ingestion, task) = (self.ingestion.clone(), self.task(job));
        let attempt = Attempt { number: 1, most: 25, stop: CancellationToken::new() };
        let working = tokio::spawn(async move { work(&ingestion, task, &attempt).await });
        while !when() {
            assert!(!working.is_finished(), "the job has ended before");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        working.abort();
        assert!(working.await.is_err_and(|error| error.is_cancelled()));
    }

    pub async fn job(&self, job: &Value) -> Value {
        self.owner.get(&format!("/data/ingest/jobs/{}", job["job_id"].as_str().unwrap())).await.expect(200)
    }

    /// A job over these days, worked to its end.
    pub async fn pull(&self, from: &str, to: &str) -> Value {
        let job = self.start(from, to).await;
        let ended = self.attempt(&job).await;
        assert!(ended["status"].as_str().unwrap().starts_with("completed"), "{ended}");
        ended
    }

    /// One number.
    pub async fn number(&self, sql: &str) -> i64 {
        let mut tx = TenantTx::begin(&self.db.app, self.tenant).await.unwrap();
        sqlx::query_scalar::<_, i64>(AssertSqlSafe(sql.to_owned())).fetch_one(tx.conn()).await.unwrap()
    }

    /// Each row as JSON.
    pub async fn rows(&self, sql: &str) -> Vec<Value> {
        let mut tx = TenantTx::begin(&self.db.app, self.tenant).await.unwrap();
        let sql = format!("select to_jsonb(r) from ({sql}) r");
        sqlx::query_scalar::<_, Value>(AssertSqlSafe(sql)).fetch_all(tx.conn()).await.unwrap()
    }

    /// The dashboard's figures of these days.
    pub async fn figures(&self, from: NaiveDate, to: NaiveDate) -> Value {
        let mut tx = TenantTx::begin(&self.db.app, self.tenant).await.unwrap();
        sqlx::query_scalar::<_, Value>("select get_overview_stats($1, $2, $3, null)")
            .bind(self.tenant)
            .bind(from)
            .bind(to)
            .fetch_one(tx.conn())
            .await
            .unwrap()
    }

    /// Reports that were asked for: name of the first event, day, offset.
    pub fn asked(&self) -> Vec<(String, String, u64)> {
        self.stub.calls(Endpoint::Report).iter().map(asked).collect()
    }
}

/// Which report a call asked for: of which events (`items` where it does not say), of which day, from which row on.
pub fn asked(call: &Call) -> (String, String, u64) {
    let filter = &call.body["dimensionFilter"]["filter"]["inListFilter"]["values"];
    let by_name = call.body["dimensions"][0]["name"] == "eventName";
    let name = if by_name { "totals" } else { filter[0].as_str().unwrap_or("items") };
    let day = call.body["dateRanges"][0]["startDate"].as_str().unwrap();
    (name.to_owned(), day.to_owned(), call.body["offset"].as_str().unwrap().parse().unwrap())
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The job's warnings.
pub fn warnings(job: &Value) -> Vec<&str> {
    job["warnings"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

/// Seconds from now until the job goes on.
#[track_caller]
pub fn waits(job: &Value) -> i64 {
    let until = job["waits_until"].as_str().unwrap_or_else(|| panic!("it does not wait: {job}"));
    (until.parse::<DateTime<Utc>>().unwrap() - Utc::now()).num_seconds()
}

/// An event by the clocks of New York.
pub fn at(name: &str, local: &str) -> Event {
    Event::at(name, New_York, local)
}

pub fn shop(path: &str) -> String {
    format!("https://shop.example{path}")
}

/// A property whose owner registered everything.
pub fn registered(rows: Vec<Value>) -> Property {
    DIMENSIONS.into_iter().fold(Property::of_events(New_York, rows), Property::register)
}

/// One of each kind, and of some of them more.
pub fn a_day(day: &str) -> Vec<Value> {
    let at = |name: &str, time: &str| at(name, &format!("{day} {time}"));
    let visit = |event: Event| event.param("ga_session_id", 7).param("client_id", "1.1").pseudo_id("1.1");
    vec![
        visit(at("page_view", "09:05:01").page(&shop("/"))).build(),
        visit(at("page_view", "09:05:02").page(&shop("/"))).build(),
        visit(at("page_view", "09:05:59").page(&shop("/"))).build(),
        visit(at("page_view", "09:06:00").page(&shop("/valves"))).property("WebUserId", "U1").build(),
        visit(at("view_item", "09:06:10").page(&shop("/valves"))).build(),
        visit(at("add_to_cart", "09:06:20").page(&shop("/valves"))).build(),
        visit(at("view_search_results", "09:07:00").param("search_term", " ball valve ")).build(),
        at("no_search_results", "11:00:00").param("search_term", "rusty pipe").build(),
        at("view_search_results_no_results", "11:00:30").param("search_term", "rusty pipe").build(),
        at("page_view", "23:59:59").page(&shop("/late")).build(),
        at("scroll", "10:00:00").build(),
    ]
}
