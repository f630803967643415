//! The data service as a process of its own, to be killed and started again.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use common::config::DatabaseSettings;
use common::ids::TenantId;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use testkit::process::PATIENCE;

pub use testkit::process::{Process, free_port, tenant};

/// A process, called by a tenant's owner.
pub struct Service {
    process: Process,
    token: String,
    tenant: TenantId,
}

/// What the service needs to know, as its environment.
pub fn environment(db: &DatabaseSettings, data_root: &Path, port: u16) -> BTreeMap<String, String> {
    let mut environment = testkit::process::environment(db, data_root);
    environment.insert("DATA_SERVICE_PORT".to_owned(), port.to_string());
    environment
}

/// Starts the binary in an empty folder of its own.
pub fn spawn(environment: &BTreeMap<String, String>, folder: &Path) -> Process {
    let port = environment["DATA_SERVICE_PORT"].parse().unwrap();
    Process::spawn(env!("CARGO_BIN_EXE_data-service"), environment, folder, port)
}

impl Service {
    /// Starts the process and waits until it is ready.
    pub async fn start(environment: &BTreeMap<String, String>, folder: &Path, tenant: TenantId, token: &str) -> Self {
        let process = spawn(environment, folder).ready().await;
        Self { process, token: token.to_owned(), tenant }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.process.request(method, path)
    }

    fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(&self.token).header("X-Tenant-Id", self.tenant.to_string())
    }

    /// SIGKILL, and gone.
    pub fn kill(self) {
        self.process.kill();
    }

    /// Uploads a body; answers the job's id.
    pub async fn upload(&self, body: Vec<u8>) -> String {
        let answer = self.signed(self.request(Method::POST, "/data/ingest/upload")).body(body).send().await.unwrap();
        assert_eq!(answer.status(), 202);
        let job: Value = answer.json().await.unwrap();
        job["job_id"].as_str().unwrap().to_owned()
    }

    /// Posts events as a machine; answers what became of them.
    pub async fn post_events(&self, key: &str, body: &Value) -> Value {
        let request = self.request(Method::POST, "/data/events").header("X-Api-Key", key).json(body);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 202);
        answer.json().await.unwrap()
    }

    /// The job as the API shows it; none while the service or its database cannot answer.
    pub async fn job(&self, id: &str) -> Option<Value> {
        let answer = self.signed(self.request(Method::GET, &format!("/data/ingest/jobs/{id}"))).send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        answer.json().await.ok()
    }

    /// Looks until the job is as wanted.
    pub async fn until(&self, id: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            let job = self.job(id).await;
            if let Some(job) = &job
                && wanted(job)
            {
                return job.clone();
            }
            assert!(started.elapsed() < PATIENCE, "the job stays {job:?}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    pub async fn until_ended(&self, id: &str) -> Value {
        self.until(id, |job| job["completed_at"].is_string()).await
    }
}
