//! How many branch reports a second one analytics-service sends to a server that takes everything, and in how much memory:
//! reports of 31 days of the demo's data, rendered once per branch, one mail each to many people.
//!
//! `make bench ARGS="-p analytics-service --bench mails"`, or with other sizes `BENCH_MAILS=20000 …`. Measured on the real program,
//! as history tells it (first to last reply) and as the kernel's high-water mark of its resident set. The server runs on the
//! same machine, in this process.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, not a product")]

use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};
use common::{config::Settings, db::TenantTx, jobs::Attempt};
use data_service::{
    demo::{DEFAULT_SEED, DemoOptions, generate},
    ingest::{
        job::IngestTask,
        submit::submit,
        work::{Ingestion, work},
    },
};
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{
    db::TestDb,
    process::{Process, environment, free_port, tenant},
    smtp::{Options, Sink},
};
use tokio_util::sync::CancellationToken;

/// What the product promises, on two cores.
const LEAST_PER_SECOND: f64 = 500.0;
const MOST_MIB: u64 = 150;
const PATIENCE: Duration = Duration::from_secs(600);

#[tokio::main]
async fn main() {
    // `cargo test --benches` runs every bench once with this flag; measuring is not testing.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let mails: i32 = std::env::var("BENCH_MAILS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let (db, sink) = (TestDb::new().await, Sink::open(Options { keeps_content: false, ..Options::default() }).await);
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let mut environment = environment(&db.settings, &folder.path().join("root"));
    for (name, value) in [
        ("ANALYTICS_SERVICE_PORT", port.to_string()),
        ("DEFAULT_SMTP_SERVER", "127.0.0.1".into()),
        ("DEFAULT_SMTP_PORT", sink.port().to_string()),
        ("DEFAULT_FROM_EMAIL", "Reports <reports@shop.example>".into()),
        ("DEFAULT_USE_TLS", "false".into()),
        ("MAIL_CONNECTIONS", "16".into()),
        ("MAIL_PER_SECOND", "0".into()),
        ("MAIL_PER_DOMAIN_PER_SECOND", "0".into()),
    ] {
        environment.insert(name.into(), value);
    }
    let settings = Settings::from_vars(&environment).unwrap();
    let (tenant, token) = tenant(&db.app, &settings).await;
    let day = NaiveDate::from_ymd_opt(2026, 3, 27).unwrap();
    let made = generate(&DemoOptions {
        seed: DEFAULT_SEED,
        from: day - Days::new(30),
        to: day,
        zone: chrono_tz::UTC,
        visitors_per_day: 600,
        out_dir: folder.path().join("export"),
    })
    .unwrap();
    let files: Vec<_> = made.files.into_iter().chain([made.users_file, made.locations_file]).collect();
    std::fs::create_dir_all(&settings.data_root).unwrap();
    let ingestion = Ingestion::new(&settings, db.app.clone()).unwrap();
    let job = submit(&ingestion.pool, &ingestion.data_root, tenant, "replace", &files).await.unwrap();
    let attempt = Attempt { number: 1, most: 1, stop: CancellationToken::new() };
    work(&ingestion, IngestTask { tenant_id: tenant, job_id: job }, &attempt).await.unwrap();
    let mut tx = TenantTx::begin(&db.app, tenant).await.unwrap();
    let branches: i64 = sqlx::query_scalar(
        "with branches as (
             select location_id, row_number() over (order by location_id) - 1 as n, count(*) over () as of_all
             from locations where tenant_id = $1),
         added as (
             insert into branch_email_mappings (tenant_id, mapping_id, branch_code, sales_rep_email, sales_rep_name)
             select $1, gen_random_uuid(), b.location_id, 'rep' || n || '@customer' || n % 50 || '.example', 'Rep ' || n
             from generate_series(1, $2) n
             join branches b on b.n = n % b.of_all)
         select count(*) from branches",
    )
    .bind(tenant)
    .bind(mails)
    .fetch_one(tx.conn())
    .await
    .unwrap();
    tx.commit().await.unwrap();

    let program = env!("CARGO_BIN_EXE_analytics-service");
    let service = Process::spawn(program, &environment, folder.path(), port).ready().await;
    let call = async |method: Method, path: &str, body: Option<Value>| -> Value {
        let request = service.request(method, path).bearer_auth(&token).header("X-Tenant-Id", tenant.to_string());
        let request = if let Some(body) = &body { request.json(body) } else { request };
        let text = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let body = json!({ "report_date": day });
    let since = Instant::now();
    let job = call(Method::POST, "/analytics/email/send-reports", Some(body)).await;
    let queued = since.elapsed();
    let path = format!("/analytics/email/jobs/{}", job["job_id"].as_str().unwrap());
    let job = loop {
        let job = call(Method::GET, &path, None).await;
        if job["completed_at"].is_string() {
            break job;
        }
        assert!(since.elapsed() < PATIENCE, "the job stays {job}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let took = since.elapsed().as_secs_f64();
    assert_eq!((&job["status"], job["emails_sent"].as_i64()), (&json!("completed"), Some(i64::from(mails))), "{job}");
    assert_eq!(sink.count(), usize::try_from(mails).unwrap());
    let rate = f64::from(mails) / took;
    let peak = peak_memory_mib(service.id());
    println!(
        "{mails} mails about {branches} branches in {took:.1} s (queued after {:.2} s): {rate:.0} mails/s over {} connections, \
         peak memory {peak} MiB",
        queued.as_secs_f64(),
        sink.connections(),
    );
    assert!(rate >= LEAST_PER_SECOND, "{rate:.0} mails/s, promised are {LEAST_PER_SECOND}");
    assert!(peak > 0 && peak < MOST_MIB, "{peak} MiB, promised are fewer than {MOST_MIB}");
}

/// The high-water mark of a process, from the kernel.
fn peak_memory_mib(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}
