//! How many lines a second a list of users has from the file to the committed rows, and how much memory that takes.
//!
//! `make bench`, or with another size `BENCH_USERS=1000000 make bench`. XLSX as Excel writes it (every text in the shared
//! table), the same as CSV, each taken in anew and then once more with a tenth of the lines changed.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement, not a product")]

mod shared;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::Instant;

use common::db::TenantTx;
use common::ids::TenantId;
use data_service::dimensions::{ListFormat, ListKind, ListOptions, take_list};
use shared::{COLUMNS, customer, peak_memory_mib, write_xlsx};
use testkit::db::TestDb;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What the product promises for 200,000 users.
const MOST_MEMORY_MIB: u64 = 300;

fn write_csv(path: &Path, users: usize, edition: usize) {
    let mut out = BufWriter::new(File::create(path).unwrap());
    writeln!(out, "{}", COLUMNS.join(";")).unwrap();
    for n in 1..=users {
        writeln!(out, "{}", customer(n, edition).join(";")).unwrap();
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
    println!("peak memory of writing them {} MiB", peak_memory_mib("self"));
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
                peak_memory_mib("self"),
            );
        }
        // XLSX first: the peak of the process is its.
        if users <= 200_000 {
            assert!(peak_memory_mib("self") < MOST_MEMORY_MIB, "more memory than the promised {MOST_MEMORY_MIB} MiB");
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
