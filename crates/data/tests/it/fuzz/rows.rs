//! Hostile rows and files: nothing panics, and a row is taken whole or not at all.
//!
//! The same properties as in `fuzz/`, on the seeds that are kept there, on rows made here, and on both after mutation.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::NaiveDate;
use data_service::dimensions::{Columns, ListFormat, ListRow, RejectedLine, Sink, read_list};
use data_service::ga4::{Mapped, MappedEvent, MappingSettings, read_row};
use data_service::load::encode_event;
use data_service::sources::export_files::{FileError, FileKind, detect, open, read_rows};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use testkit::rows::{self, random};

use crate::mutation::{Mutation, mutated, mutations};
use crate::support::{Shop, assert_same};

fn settings() -> MappingSettings {
    MappingSettings {
        currency: "USD".into(),
        user_property: "WebUserId".into(),
        branch_property: "default_branch_id".into(),
        failed_search_aliases: vec!["view_search_results_no_results".into()],
        latest_timestamp: chrono::Utc::now().timestamp_micros() + 86_400_000_000,
    }
}

/// Rows to spoil: of every kind, with all that the product reads.
fn good_rows() -> Vec<Vec<u8>> {
    let spec = rows::RandomSpec { visits: 40, ..rows::RandomSpec::default() };
    random(7, &spec).iter().map(|row| row.to_string().into_bytes()).collect()
}

/// The seeds of a target in `fuzz/corpus`.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no seeds of {target}");
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn runner(cases: u32) -> TestRunner {
    // PROPTEST_CASES asks for more.
    let cases = cases.max(std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(0));
    TestRunner::new(Config { cases, failure_persistence: None, max_shrink_iters: 300, ..Config::default() })
}

/// Maps the row and holds what comes of it against what the staging table can take.
fn check_row(json: &[u8]) {
    let settings = settings();
    match read_row(json, &settings) {
        Err(reason) => assert!(!reason.is_empty()),
        Ok(Mapped::Nothing(_)) => {}
        Ok(Mapped::Event(event)) => {
            check_event(&event);
            let mut record = Vec::new();
            encode_event(&event, &mut record).unwrap();
            let Ok(Mapped::Event(again)) = read_row(json, &settings) else { panic!("mapped once, and not twice") };
            assert_eq!(event, again);
        }
    }
}

fn check_event(event: &MappedEvent) {
    let (first, last) = (NaiveDate::from_ymd_opt(2000, 1, 1), NaiveDate::from_ymd_opt(2099, 12, 31));
    assert!(Some(event.event_date) >= first && Some(event.event_date) <= last && event.event_timestamp > 0);
    let ids = [&event.user_pseudo_id, &event.web_user_id, &event.ga_user_id, &event.branch_id, &event.transaction_id];
    assert!(ids.iter().all(|id| id.as_ref().is_none_or(|id| id.len() <= 500)));
    let items = event.items.as_ref().map(ToString::to_string);
    let texts = [&event.page_location, &event.page_title, &event.term, &event.currency, &event.extra, &items];
    for text in ids.iter().chain(&texts).copied().flatten() {
        assert!(!text.contains('\0'), "PostgreSQL takes no NUL: {text:?}");
    }
    for json in [&event.extra, &items].into_iter().flatten() {
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        assert!(!json.to_string().contains("\\u0000"), "nor an escaped one: {json}");
    }
}

#[test]
fn the_row_mapper_takes_or_refuses_whatever_comes() {
    for row in seeds("row_mapper") {
        check_row(&row);
    }
    let mut rows = good_rows();
    rows.extend(seeds("row_mapper"));
    runner(4000)
        .run(&(any::<Index>(), mutations()), |(row, mutations)| {
            check_row(&mutated(&rows[row.index(rows.len())], &mutations));
            Ok(())
        })
        .unwrap();
    runner(1000)
        .run(&vec(any::<u8>(), 0..400), |bytes| {
            check_row(&bytes);
            Ok(())
        })
        .unwrap();
}

/// Takes every line and keeps none.
struct Nobody;

impl Sink for Nobody {
    fn columns(&mut self, _: &Columns) -> Result<(), FileError> {
        Ok(())
    }

    fn line(&mut self, _: Result<ListRow, RejectedLine>) -> Result<(), FileError> {
        Ok(())
    }
}

/// Reads a file as ingestion does, to its end or to its refusal. Answers the rows that were seen.
fn read_file(content: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    let mut rows = Vec::new();
    let mut input = open(file.path(), Arc::default()).unwrap();
    let Ok(kind) = detect(&mut input) else { return rows };
    let input = open(file.path(), Arc::default()).unwrap();
    let read = match kind {
        FileKind::List(list) => read_list(file.path(), ListFormat::File, list, Arc::default(), &mut Nobody),
        kind => read_rows(file.path(), kind, input, &mut |raw| {
            rows.push((raw.line, raw.json.to_vec()));
            Ok(())
        }),
    };
    if let Err(error) = read {
        let reason = error.to_string();
        assert!(!reason.is_empty() && !reason.contains(&file.path().display().to_string()), "{reason}");
    }
    assert!(rows.is_sorted_by_key(|(line, _)| *line), "lines out of order");
    rows
}

/// A file in one of the shapes it may come in, plain or packed.
fn shaped(rows: &[Vec<u8>], shape: u8) -> Vec<u8> {
    use std::io::Write;
    let lines = rows.join(&b'\n');
    let array = [b"[".as_slice(), &rows.join(b",\n".as_slice()), b"]"].concat();
    match shape {
        0 => lines,
        1 => array,
        2 => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(&array).unwrap();
            encoder.finish().unwrap()
        }
        3 => zstd::encode_all(lines.as_slice(), 1).unwrap(),
        _ => [b"\xef\xbb\xbf".as_slice(), &lines.split(|b| *b == b'\n').collect::<Vec<_>>().join(b"\r\n".as_slice())]
            .concat(),
    }
}

#[test]
fn the_readers_of_files_end_with_rows_or_a_reason() {
    let seeds = seeds("export_files");
    for seed in &seeds {
        read_file(seed);
    }
    runner(300)
        .run(&(any::<Index>(), mutations()), |(seed, mutations)| {
            read_file(&mutated(&seeds[seed.index(seeds.len())], &mutations));
            Ok(())
        })
        .unwrap();
    let rows: Vec<Vec<u8>> = good_rows().into_iter().take(12).collect();
    runner(300)
        .run(&(0..5u8, mutations()), |(shape, mutations)| {
            read_file(&mutated(&shaped(&rows, shape), &mutations));
            Ok(())
        })
        .unwrap();
    let starts: [&[u8]; 7] = [b"", b"{", b"[", b"PAR1", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"user_id,user_name\n"];
    runner(300)
        .run(&(0..starts.len(), vec(any::<u8>(), 0..200)), |(start, bytes)| {
            read_file(&[starts[start], &bytes].concat());
            Ok(())
        })
        .unwrap();
}

#[test]
fn whole_files_give_each_row_once_in_every_shape() {
    let rows: Vec<Vec<u8>> = good_rows();
    for shape in 0..5 {
        let read = read_file(&shaped(&rows, shape));
        let numbered: Vec<_> = (1..).zip(rows.iter().cloned()).collect();
        assert_eq!(read, numbered, "shape {shape}");
    }
}

/// The lines of an NDJSON file that the mapper takes.
fn taken(file: &[u8]) -> Vec<Vec<u8>> {
    let settings = settings();
    let lines = file.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    lines.filter(|line| read_row(line, &settings).is_ok()).map(<[u8]>::to_vec).collect()
}

/// Some good rows spoiled.
fn spoiled(most: usize) -> impl Strategy<Value = Vec<(Index, Vec<Mutation>)>> {
    vec((any::<Index>(), mutations()), 1..=most)
}

async fn check_import(good: &[Vec<u8>], spoiled: &[(Index, Vec<Mutation>)]) {
    let mut lines = good.to_vec();
    for (at, mutations) in spoiled {
        let at = at.index(lines.len());
        lines[at] = mutated(&lines[at], mutations);
    }
    let file = lines.join(&b'\n');
    let valid = taken(&file);

    let (whole, only_valid) = (Shop::new().await, Shop::new().await);
    let before = random(3, &rows::RandomSpec::default());
    for shop in [&whole, &only_valid] {
        shop.load("replace", &before).await;
    }
    let untouched = whole.tables(true).await;
    let job = whole.import("replace", &[whole.file("events.json", &file)]).await;
    if job.status == "failed" {
        let reason = job.error_message.unwrap();
        assert!(reason.contains("rows are malformed") || reason.contains("longer than 16 MiB"), "{reason}");
        assert_same(&untouched, &whole.tables(true).await);
        return;
    }
    assert!(job.status.starts_with("completed"), "{job:?}");
    assert_eq!(job.progress.rows_read - job.rejected as u64, valid.len() as u64, "{job:?}");
    let job = only_valid.import("replace", &[only_valid.file("events.json", valid.join(&b'\n'))]).await;
    assert_eq!(job.rejected, 0, "{job:?}");
    assert_same(&only_valid.tables(true).await, &whole.tables(true).await);
}

#[test]
fn a_file_with_spoiled_rows_lands_as_its_other_rows_or_changes_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let good: Vec<Vec<u8>> = good_rows();
    for most in [good.len() / 100, good.len() / 20] {
        let mut runner = runner(3);
        runner
            .run(&spoiled(most), |spoiled| {
                runtime.block_on(check_import(&good, &spoiled));
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn what_the_mapper_takes_the_database_takes() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let good: Vec<Vec<u8>> = good_rows();
    runner(2)
        .run(&vec((any::<Index>(), mutations()), 400), |spoiled| {
            let rows: Vec<Vec<u8>> =
                spoiled.iter().map(|(row, mutations)| mutated(&good[row.index(good.len())], mutations)).collect();
            let rows = taken(&rows.join(&b'\n'));
            runtime.block_on(async {
                let shop = Shop::new().await;
                let job = shop.import("replace", &[shop.file("events.json", rows.join(&b'\n'))]).await;
                assert!(job.status.starts_with("completed") && job.rejected == 0, "{job:?}");
            });
            Ok(())
        })
        .unwrap();
}
