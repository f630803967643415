//! How many lines a second a list of users has from the file to the committed rows, and how much memory that takes.
//!
//! `make bench`, or with another size `BENCH_USERS=1000000 make bench`. XLSX as Excel writes it (every text in the shared
//! table), the same as CSV, each taken in anew and then once more with a tenth of the lines changed.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, not a product")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use common::db::TenantTx;
use common::ids::TenantId;
use data_service::dimensions::{ListFormat, ListKind, ListOptions, take_list};
use testkit::db::TestDb;
use testkit::workbook::{XlsxCell, write_workbook};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the product promises for 200,000 users.
const MOST_MEMORY_MIB: u64 = 300;
const COLUMNS: [&str; 7] = ["Customer No.", "Name", "Company", "E-Mail", "Mobile", "Office phone", "Active"];

/// The cells of user `n`; `edition` changes every tenth.
fn user(n: usize, edition: usize) -> [String; 7] {
    let edition = if n.is_multiple_of(10) { edition } else { 0 };
    [
        format!("K{n:07}"),
        format!("Firstname{n} Lastname{edition}"),
        format!("Company {} & Sons GmbH", n / 3),
        format!("firstname{n}.lastname@customer{}.example.com", n % 5000),
        format!("+49 170 {n:08}"),
        format!("+49 421 {n:06}-0"),
        if n.is_multiple_of(17) { "no" } else { "yes" }.to_owned(),
    ]
}

fn write_xlsx(path: &Path, users: usize, edition: usize) {
    write_workbook(
        BufWriter::new(File::create(path).unwrap()),
        &[("Customers", &|row| match row {
            0 => Some(COLUMNS.map(XlsxCell::from).to_vec()),
            row if row <= users => Some(user(row, edition).map(XlsxCell::Text).to_vec()),
            _ => None,
        })],
    );
}

fn write_csv(path: &Path, users: usize, edition: usize) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    writeln!(out, "{}", COLUMNS.join(";")).unwrap();
    for n in 1..=users {
        writeln!(out, "{}", user(n, edition).join(";")).unwrap();
    }
    out.flush().unwrap();
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` runs every bench once with this flag; measuring is not testing.
    if std::env::args().any(|arg| arg == "--test") {
        return;
    }
    let users = std::env::var("BENCH_USERS").ok().and_then(|n| n.parse().ok()).unwrap_or(200_000);
    let db = TestDb::new().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for edition in [1, 2] {
        write_xlsx(&path(&format!("{edition}.xlsx")), users, edition);
        write_csv(&path(&format!("{edition}.csv")), users, edition);
    }
    let size = |name: &str| path(name).metadata().unwrap().len() / 1024;
    println!("{users} users: {} KiB as XLSX, {} KiB as CSV", size("1.xlsx"), size("1.csv"));
    println!("peak memory of writing them {} MiB", peak_memory_mib());
    for kind in ["xlsx", "csv"] {
        let tenant = tenant(&db).await;
        for (edition, what) in [(1, "anew"), (1, "unchanged"), (2, "a tenth changed")] {
            let started = Instant::now();
            let file = path(&format!("{edition}.{kind}"));
            let options = ListOptions::default();
            let taken = take_list(&db.app, tenant, ListKind::Users, &file, ListFormat::File, options).await.unwrap();
            let seconds = started.elapsed().as_secs_f64();
            let c = taken.comparison;
            println!(
                "{kind:<5}{what:<16}{:>8.0} lines/s ({seconds:.1} s; {} added, {} changed, {} unchanged); peak memory {} MiB",
                taken.rows as f64 / seconds,
                c.added,
                c.changed + c.deactivated,
                c.unchanged,
                peak_memory_mib(),
            );
        }
        // XLSX first: the peak of the process is its.
        if users <= 200_000 {
            assert!(peak_memory_mib() < MOST_MEMORY_MIB, "more memory than the promised {MOST_MEMORY_MIB} MiB");
        }
    }
}

async fn tenant(db: &TestDb) -> TenantId {
    let tenant = TenantId::generate();
    let mut tx = TenantTx::begin(&db.app, tenant).await.unwrap();
    sqlx::query("insert into tenants (tenant_id, name) values ($1, 'Bench')")
        .bind(tenant)
        .execute(tx.conn())
        .await
        .unwrap();
    tx.commit().await.unwrap();
    tenant
}

/// The process's high-water mark, from the kernel.
fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}
