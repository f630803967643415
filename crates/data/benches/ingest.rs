//! How many events a second go from files to committed roll-ups, and how much memory that takes.
//!
//! `make bench`, or with other sizes `BENCH_DAYS=20 BENCH_VISITORS=20000 make bench`. Measured end to end: from the
//! job's start (reading, mapping, spooling) to its last commit, on a durable PostgreSQL on the same machine.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, not a product")]

#[expect(dead_code, reason = "other measurements use more of it")]
mod shared;

use std::path::PathBuf;
use std::time::Instant;

use chrono::{Days, NaiveDate};
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use common::jobs::Attempt;
use data_service::demo::{DEFAULT_SEED, DemoOptions, generate};
use data_service::ingest::job::IngestTask;
use data_service::ingest::submit::submit;
use data_service::ingest::view::{JobView, view};
use data_service::ingest::work::{Ingestion, work};
use shared::peak_memory_mib;
use testkit::db::TestDb;
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Events a second that the product promises on two cores.
const PROMISED: f64 = 30_000.0;

fn size(name: &str, usual: u32) -> u32 {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` runs every bench once with this flag; measuring is not testing.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let db = TestDb::new().await;
    let folder = tempfile::tempdir().unwrap();
    let tenant = TenantId::generate();
    let mut tx = TenantTx::begin(&db.app, tenant).await.unwrap();
    sqlx::query("insert into tenants (tenant_id, name, time_zone) values ($1, 'Bench', 'America/New_York')")
        .bind(tenant)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();

    let (days, visitors) = (size("BENCH_DAYS", 8), size("BENCH_VISITORS", 6000));
    let to = NaiveDate::from_ymd_opt(2026, 3, 31).unwrap();
    let options = DemoOptions {
        seed: DEFAULT_SEED,
        from: to - Days::new(u64::from(days) - 1),
        to,
        zone: chrono_tz::America::New_York,
        visitors_per_day: visitors,
        out_dir: folder.path().join("export"),
    };
    let started = Instant::now();
    let made = generate(&options).unwrap();
    println!("generated   {:>9} rows in {:.1} s", made.rows, started.elapsed().as_secs_f64());

    let mut settings = testkit::state::settings(&db);
    settings.data_root = folder.path().join("root");
    let ingestion = Ingestion::new(&settings, db.app.clone()).unwrap();
    let first = run(&ingestion, tenant, &made.files).await;
    report("first load", &first);
    let again = run(&ingestion, tenant, &made.files).await;
    report("replacing", &again);
    println!("peak memory {:>9} MiB", peak_memory_mib("self"));
    assert!(first.1 >= PROMISED, "{:.0} events a second are fewer than the promised {PROMISED}", first.1);
}

async fn run(ingestion: &Ingestion, tenant: TenantId, files: &[PathBuf]) -> (JobView, f64) {
    let job: JobId = submit(&ingestion.pool, &ingestion.data_root, tenant, "replace", files).await.unwrap();
    let started = Instant::now();
    let attempt = Attempt { number: 1, most: 1, stop: CancellationToken::new() };
    work(ingestion, IngestTask { tenant_id: tenant, job_id: job }, &attempt).await.unwrap();
    let seconds = started.elapsed().as_secs_f64();
    let mut tx = TenantTx::begin(&ingestion.pool, tenant).await.unwrap();
    let job = view(tx.conn(), tenant, job).await.unwrap();
    let rate = job.progress.rows_read as f64 / seconds;
    (job, rate)
}

fn report(what: &str, (job, rate): &(JobView, f64)) {
    let landed: i64 = job.records_processed.values().sum();
    let rows = job.progress.rows_read;
    println!(
        "{what:<11} {rows:>9} rows, {landed} of them landed, {} days: {rate:.0} rows/s, {:.0} landed/s ({})",
        job.progress.days_done,
        rate * landed as f64 / rows as f64,
        job.status,
    );
}
