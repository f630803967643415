//! How much memory a data-service takes for what is large: an upload and a pull of 2,000,000 events, and a workbook of
//! 200,000 users.
//!
//! `make bench ARGS="-p data-service --bench memory"`, or with other sizes `BENCH_EVENTS=200000 …`. Measured on the real
//! program, a new process for each, as the kernel's high-water mark of its resident set.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, not a product")]

#[path = "../tests/it/process.rs"]
#[expect(dead_code, reason = "the tests use more of it")]
mod process;
mod shared;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate, Utc};
use common::config::Settings;
use common::ids::TenantId;
use data_service::demo::{DEFAULT_SEED, DemoOptions, generate};
use process::{Service, environment, free_port, tenant};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use shared::{peak_memory_mib, write_xlsx};
use testkit::db::TestDb;
use testkit::google::{Stub, Table, export_schema};
use testkit::rows::{Event, Item, micros};

/// What the product promises.
const MOST_MIB: u64 = 300;
const USERS: usize = 200_000;
/// Rows of the demo's export by visitor and day, roughly.
const ROWS_A_VISITOR: u64 = 8;
const DAYS: u64 = 5;
const PATIENCE: Duration = Duration::from_secs(1800);

#[tokio::main]
async fn main() {
    // `cargo test --benches` runs every bench once with this flag; measuring is not testing.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let events = std::env::var("BENCH_EVENTS").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000_000);
    let folder = tempfile::tempdir().unwrap();
    let scene = Scene::new(folder.path()).await;
    scene.upload(folder.path(), events).await;
    scene.pull(events).await;
    scene.users(folder.path()).await;
}

struct Scene {
    environment: BTreeMap<String, String>,
    stub: Stub,
    tenant: TenantId,
    token: String,
    folder: std::path::PathBuf,
    _db: TestDb,
}

impl Scene {
    async fn new(folder: &Path) -> Self {
        let (db, stub) = (TestDb::new().await, Stub::start().await);
        let mut environment = environment(&db.settings, &folder.join("root"), free_port());
        for (name, value) in [
            ("GOOGLE_TOKEN_URL", stub.token_url()),
            ("GOOGLE_BIGQUERY_URL", stub.url.clone()),
            ("GOOGLE_ANALYTICS_DATA_URL", stub.url.clone()),
        ] {
            environment.insert(name.into(), value);
        }
        let (tenant, token) = tenant(&db.app, &Settings::from_vars(&environment).unwrap()).await;
        Self { environment, stub, tenant, token, folder: folder.to_owned(), _db: db }
    }

    async fn service(&self) -> Service {
        Service::start(&self.environment, &self.folder, self.tenant, &self.token).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("http://127.0.0.1:{}{path}", self.environment["DATA_SERVICE_PORT"]);
        let request = Client::new().request(method, url);
        request.bearer_auth(&self.token).header("X-Tenant-Id", self.tenant.to_string())
    }

    async fn done(&self, request: RequestBuilder) -> Value {
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Until the job has ended well; then what the process took.
    async fn measure(&self, what: &str, service: &Service, job: &str, since: Instant) {
        let job = loop {
            let seen = service.job(job).await;
            if let Some(ended) = seen.as_ref().filter(|job| job["completed_at"].is_string()) {
                break ended.clone();
            }
            assert!(since.elapsed() < PATIENCE, "the job stays {seen:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        };
        assert!(job["status"].as_str().unwrap().starts_with("completed"), "{job}");
        let rows = job["progress"]["rows_read"].as_u64().unwrap();
        tell(what, rows, "rows", since);
    }

    async fn upload(&self, folder: &Path, events: u64) {
        let to = NaiveDate::from_ymd_opt(2026, 3, 27).unwrap();
        let out_dir = folder.join("export");
        let made = generate(&DemoOptions {
            seed: DEFAULT_SEED,
            from: to - Days::new(DAYS - 1),
            to,
            zone: chrono_tz::UTC,
            visitors_per_day: u32::try_from(events / DAYS / ROWS_A_VISITOR).unwrap(),
            out_dir,
        })
        .unwrap();
        assert!(made.rows >= events, "{} rows are fewer than {events}", made.rows);
        let body: Vec<u8> = made.files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect();
        let service = self.service().await;
        let since = Instant::now();
        let job = service.upload(body).await;
        self.measure("upload", &service, &job, since).await;
    }

    async fn pull(&self, events: u64) {
        let service = self.service().await;
        let source = json!({
            "kind": "bigquery",
            "bigquery": { "project": "shop-project", "dataset": "analytics_1" },
            "service_account": serde_json::from_str::<Value>(&self.stub.key()).unwrap(),
        });
        self.done(self.request(Method::PUT, "/data/source").json(&source)).await;
        let days: Vec<NaiveDate> = (1..=DAYS).map(|ago| Utc::now().date_naive() - Days::new(ago)).collect();
        for day in &days {
            let day = *day;
            let table = Table::made(export_schema(), events / DAYS, move |number| row(day, number));
            self.stub.put_table("shop-project", "analytics_1", &format!("events_{}", day.format("%Y%m%d")), table);
        }
        let since = Instant::now();
        let asked = json!({ "start_date": days.last(), "end_date": days[0], "data_types": ["events"] });
        let job = self.done(self.request(Method::POST, "/data/ingest/start").json(&asked)).await;
        self.measure("pull", &service, job["job_id"].as_str().unwrap(), since).await;
    }

    async fn users(&self, folder: &Path) {
        let file = folder.join("users.xlsx");
        write_xlsx(&file, USERS, 1);
        let _service = self.service().await;
        let since = Instant::now();
        let list = std::fs::read(file).unwrap();
        let taken = self.done(self.request(Method::POST, "/data/users/import").body(list)).await;
        assert_eq!(taken["added"], USERS, "{taken}");
        tell("workbook", USERS as u64, "users", since);
    }
}

/// One of ten events of a visit.
fn row(day: NaiveDate, number: u64) -> Value {
    let (visit, event) = (number / 10, number % 10);
    let clock = format!("{:02}:{:02}:{event:02}", visit / 60 % 24, visit % 60);
    let of = |name: &str| {
        Event::new(name, day, micros(chrono_tz::UTC, &format!("{day} {clock}")))
            .visit(&format!("{visit}.1700000000"), 1_000)
            .page(&format!("https://shop.example/{}", (visit + event) % 500))
    };
    let item = || Item::new(&format!("SKU{}", visit % 300), "A valve of brass").price(12.5).quantity(2);
    match event {
        0 => of("session_start").property("default_branch_id", format!("D{:02}", visit % 12).as_str()).build(),
        4 | 6 => of("view_item").item(item()).build(),
        7 => of("add_to_cart").currency("USD").item(item()).build(),
        9 if visit.is_multiple_of(10) => {
            let order = format!("T{day}-{visit}");
            of("purchase").currency("USD").transaction(order.as_str()).revenue(25.0).item(item()).build()
        }
        _ => of("page_view").build(),
    }
}

/// The number of the one service that runs: our only child.
fn pid() -> String {
    let own = std::process::id();
    let children = std::fs::read_to_string(format!("/proc/{own}/task/{own}/children")).unwrap_or_default();
    children.trim().to_owned()
}

fn tell(what: &str, count: u64, of: &str, since: Instant) {
    let peak = peak_memory_mib(&pid());
    println!("{what:<9} {count:>9} {of} in {:.0} s: peak memory {peak} MiB", since.elapsed().as_secs_f64());
    assert!(peak > 0 && peak < MOST_MIB, "{what} took {peak} MiB, not less than {MOST_MIB}");
}
