//! Spoiled rows through the real job: it lands the other rows, or changes nothing.

use std::future::Future;

use data_service::ga4::read_row;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use testkit::rows::{RandomSpec, random};

use super::mutation::{Mutation, ROW_FIELDS, mutated, mutations};
use super::{good_rows, runner, settings};
use crate::support::{Shop, assert_same};

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(future)
}

/// The lines of an NDJSON file that the mapper takes.
fn taken(file: &[u8]) -> Vec<Vec<u8>> {
    let settings = settings();
    let lines = file.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    lines.filter(|line| read_row(line, &settings).is_ok()).map(<[u8]>::to_vec).collect()
}

async fn check(good: &[Vec<u8>], spoiled: &[(Index, Vec<Mutation>)]) {
    let mut lines = good.to_vec();
    for (at, mutations) in spoiled {
        let at = at.index(lines.len());
        lines[at] = mutated(&lines[at], mutations);
    }
    let file = lines.join(&b'\n');
    let valid = taken(&file);

    let (whole, only_valid) = (Shop::new().await, Shop::new().await);
    let before = random(3, &RandomSpec::default());
    for shop in [&whole, &only_valid] {
        shop.load("replace", &before).await;
    }
    let untouched = whole.tables(true).await;
    let job = whole.import("replace", &[whole.file("events.json", &file)]).await;
    if job.status == "failed" {
        let reason = job.error_message.unwrap();
        assert!(reason.contains("rows are malformed"), "{reason}");
        assert_same(&untouched, &whole.tables(true).await);
        return;
    }
    assert!(job.status.starts_with("completed"), "{job:?}");
    assert_eq!(job.progress.rows_read, valid.len() as u64 + job.rejected as u64, "{job:?}");
    let job = only_valid.import("replace", &[only_valid.file("events.json", valid.join(&b'\n'))]).await;
    assert_eq!(job.rejected, 0, "{job:?}");
    assert_same(&only_valid.tables(true).await, &whole.tables(true).await);
}

#[test]
fn a_file_with_spoiled_rows_lands_as_its_other_rows_or_changes_nothing() {
    let good = good_rows();
    // About one percent of the rows, which may be rejected, and more.
    for most in [good.len() / 100, good.len() / 20] {
        runner(3)
            .run(&vec((any::<Index>(), mutations(ROW_FIELDS)), 1..=most), |spoiled| {
                block_on(check(&good, &spoiled));
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn what_the_mapper_takes_the_database_takes() {
    let good = good_rows();
    runner(2)
        .run(&vec((any::<Index>(), mutations(ROW_FIELDS)), 400), |spoiled| {
            let rows: Vec<Vec<u8>> =
                spoiled.iter().map(|(row, mutations)| mutated(&good[row.index(good.len())], mutations)).collect();
            let rows = taken(&rows.join(&b'\n'));
            block_on(async {
                let shop = Shop::new().await;
                let job = shop.import("replace", &[shop.file("events.json", rows.join(&b'\n'))]).await;
                assert!(job.status.starts_with("completed") && job.rejected == 0, "{job:?}");
                assert_eq!(job.progress.rows_read, rows.len() as u64);
            });
            Ok(())
        })
        .unwrap();
}
