//! Processes of the service that pull from a stub of Google, on one database and one DATA_ROOT. The API is answered by the
//! test itself, so that it can be asked whichever of them lives.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, Utc};
use common::auth::{AppState, Role};
use common::config::{DatabaseSettings, Settings};
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use serde_json::{Value, json};
use sqlx::PgPool;
use testkit::google::{Endpoint, Stub, Table};
use testkit::http::{Client, TestServer};
use testkit::oracle::TenantSettings;

use crate::process::{Process, environment, free_port, spawn};
use crate::pull::{DATASET, PROJECT, bigquery_source, daily, id};
use crate::support::tables;

/// How long a job may stand still on a busy machine, and when it was interrupted some times before it got on.
const PATIENCE: Duration = Duration::from_secs(180);

pub struct PullProcesses {
    pub stub: Stub,
    pub state: AppState,
    server: TestServer,
    environment: BTreeMap<String, String>,
    folder: tempfile::TempDir,
}

/// One tenant of theirs.
pub struct PulledShop {
    pub tenant: TenantId,
    pub owner: Client,
    pool: PgPool,
}

/// What the queue and the job's row say of a job.
#[derive(Debug, PartialEq)]
pub struct Seen {
    pub has_ended: bool,
    pub heartbeat_at: Option<DateTime<Utc>>,
}

impl PullProcesses {
    /// On this database; nobody works yet.
    pub async fn on(settings: &DatabaseSettings, app: &PgPool) -> Self {
        let stub = Stub::start().await;
        let folder = tempfile::tempdir().unwrap();
        let mut environment = environment(settings, &folder.path().join("root"), free_port());
        environment.insert("GOOGLE_TOKEN_URL".into(), stub.token_url());
        environment.insert("GOOGLE_BIGQUERY_URL".into(), stub.url.clone());
        environment.insert("GOOGLE_ANALYTICS_DATA_URL".into(), stub.url.clone());
        environment.insert("WORKER_DEAD_AFTER_SECONDS".into(), "1".into());
        let state = AppState::new(app.clone(), Settings::from_vars(&environment).unwrap());
        let server = TestServer::start(data_service::router(state.clone())).await;
        Self { stub, state, server, environment, folder }
    }

    /// A process that has begun to start.
    pub fn spawn(&self) -> Process {
        let mut environment = self.environment.clone();
        environment.insert("DATA_SERVICE_PORT".into(), free_port().to_string());
        spawn(&environment, self.folder.path())
    }

    /// A tenant in UTC that counts in USD, with the dataset as its source.
    pub async fn shop(&self) -> PulledShop {
        let settings = TenantSettings { zone: chrono_tz::UTC, ..TenantSettings::default() };
        let tenant = testkit::tenants::create(&self.state.pool, &settings).await;
        let person = testkit::tokens::member(&self.state, tenant, Role::Owner).await;
        let owner = Client::new(&self.server.url).of(&person, tenant);
        owner.put("/data/source", &bigquery_source(Some(&self.stub.key()))).await.expect(200);
        PulledShop { tenant, owner, pool: self.state.pool.clone() }
    }

    pub fn put_day(&self, day: NaiveDate, rows: Vec<Value>) {
        self.stub.put_table(PROJECT, DATASET, &daily(day), Table::export(rows));
    }

    /// How often the day's rows were asked for.
    pub fn queries_of(&self, day: NaiveDate) -> usize {
        let table = daily(day);
        let calls = self.stub.calls(Endpoint::Query);
        let posted = calls.iter().filter(|call| call.body["dryRun"] != true);
        posted.filter(|call| call.body["query"].as_str().unwrap().contains(&table)).count()
    }
}

impl PulledShop {
    pub async fn start(&self, from: NaiveDate, to: NaiveDate) -> JobId {
        let body = json!({ "start_date": from, "end_date": to, "data_types": ["events"] });
        id(&self.owner.post("/data/ingest/start", &body).await.expect(202))
    }

    pub async fn job(&self, job: JobId) -> Value {
        self.owner.get(&format!("/data/ingest/jobs/{job}")).await.expect(200)
    }

    /// The job's row; none while the database is away.
    pub async fn seen(&self, job: JobId) -> Option<Seen> {
        let mut tx = TenantTx::begin(&self.pool, self.tenant).await.ok()?;
        let sql = "select completed_at is not null, heartbeat_at from ingestion_jobs where job_id = $1";
        let (has_ended, heartbeat_at) = sqlx::query_as(sql).bind(job).fetch_one(tx.conn()).await.ok()?;
        Some(Seen { has_ended, heartbeat_at })
    }

    /// Waits until the job's row is as wanted.
    pub async fn until(&self, job: JobId, wanted: impl Fn(&Seen) -> bool) -> Seen {
        let started = Instant::now();
        loop {
            let seen = self.seen(job).await;
            if let Some(seen) = seen.filter(&wanted) {
                return seen;
            }
            if started.elapsed() > PATIENCE {
                panic!("the job stays {}", self.job(job).await);
            }
            tokio::time::sleep(Duration::from_millis(15)).await;
        }
    }

    /// Waits for the job's end, which has to be a good one.
    pub async fn completed(&self, job: JobId) -> Value {
        self.until(job, |seen| seen.has_ended).await;
        let job = self.job(job).await;
        assert_eq!(job["status"], "completed", "{job}");
        job
    }

    /// The days that the job has landed.
    pub async fn landed(&self, job: JobId) -> Vec<NaiveDate> {
        let mut tx = TenantTx::begin(&self.pool, self.tenant).await.unwrap();
        let sql = "select day from ingestion_job_days where job_id = $1 and outcome = 'landed' order by day";
        sqlx::query_scalar(sql).bind(job).fetch_all(tx.conn()).await.unwrap()
    }

    pub async fn tables(&self) -> Vec<(String, Vec<String>)> {
        tables(&self.pool, self.tenant, true).await
    }
}
