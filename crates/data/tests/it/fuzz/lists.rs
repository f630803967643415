//! The readers of lists: CSV, workbooks, rows of a table; and that a list in a job is taken whole or not at all.

use std::io::{Cursor, Write};
use std::sync::Arc;

use data_service::dimensions::{Columns, ListFormat, ListKind, ListRow, RejectedLine, Sink, read_list};
use data_service::sources::export_files::FileError;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::mutation::{mutated, mutations};
use super::{runner, seeds};
use crate::support::Shop;

/// Columns of both lists: where a seed is CSV this is only odd text.
const FIELDS: &[&str] = &["user_id", "name", "location_id", "is_active", "email", "", "a\\u0000b"];

/// Checks what is handed over and keeps the ids.
struct Checking {
    kind: ListKind,
    last: u64,
    ids: Vec<String>,
}

impl Sink for Checking {
    fn columns(&mut self, _: &Columns) -> Result<(), FileError> {
        Ok(())
    }

    fn line(&mut self, line: Result<ListRow, RejectedLine>) -> Result<(), FileError> {
        let number = match line {
            Ok(ListRow { line, values }) => {
                assert_eq!(values.len(), self.kind.fields().len());
                let id = values[0].as_ref().expect("the id comes first");
                assert!(!id.is_empty() && id.len() <= 500 && !self.ids.contains(id), "{id:?}");
                assert!(values.iter().flatten().all(|text| !text.contains('\0')), "{values:?}");
                self.ids.push(id.clone());
                line
            }
            Err(rejected) => {
                assert!(!rejected.errors.is_empty() && !rejected.reason().is_empty());
                rejected.line
            }
        };
        assert!(number > self.last, "line {number} after line {}", self.last);
        self.last = number;
        Ok(())
    }
}

/// Reads the bytes as either list in either format; answers the ids of users in a file.
fn read(content: &[u8]) -> Vec<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    let mut users = Vec::new();
    for kind in [ListKind::Users, ListKind::Locations] {
        for format in [ListFormat::File, ListFormat::TableRows] {
            let mut sink = Checking { kind, last: 0, ids: Vec::new() };
            match read_list(file.path(), format, kind, Arc::default(), &mut sink) {
                Err(error) => {
                    let reason = error.to_string();
                    assert!(!reason.is_empty() && !reason.contains(&file.path().display().to_string()), "{reason}");
                }
                Ok(()) if kind == ListKind::Users && format == ListFormat::File => users = sink.ids,
                Ok(()) => {}
            }
        }
    }
    users
}

/// A workbook from its parts as the seeds have them: `name`, a line end, the part; a NUL between two.
fn workbook(parts: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for part in parts.split(|b| *b == 0) {
        let name = part.iter().position(|b| *b == b'\n').unwrap_or(part.len());
        let content = part.get(name + 1..).unwrap_or_default();
        // A name twice is no zip of ours.
        if zip.start_file(String::from_utf8_lossy(&part[..name]), SimpleFileOptions::default()).is_ok() {
            zip.write_all(content).unwrap();
        }
    }
    zip.finish().unwrap().into_inner()
}

#[test]
fn the_readers_of_csv_lists_end_with_rows_or_a_reason() {
    let seeds = seeds("csv_list");
    for seed in &seeds {
        read(seed);
    }
    runner(400)
        .run(&(any::<Index>(), mutations(FIELDS)), |(seed, mutations)| {
            read(&mutated(&seeds[seed.index(seeds.len())], &mutations));
            Ok(())
        })
        .unwrap();
    runner(400)
        .run(&vec(any::<u8>(), 0..200), |bytes| {
            read(&[b"user_id,name\n".as_slice(), &bytes].concat());
            Ok(())
        })
        .unwrap();
}

#[test]
fn the_reader_of_workbooks_ends_with_rows_or_a_reason() {
    let seeds = seeds("xlsx_list");
    assert_eq!(read(&workbook(&seeds[0])), ["4711", "K;2"], "the seed is no workbook any more");
    runner(400)
        .run(&(any::<Index>(), mutations(FIELDS)), |(seed, mutations)| {
            read(&workbook(&mutated(&seeds[seed.index(seeds.len())], &mutations)));
            Ok(())
        })
        .unwrap();
    let whole = workbook(&seeds[0]);
    runner(400)
        .run(&mutations(FIELDS), |mutations| {
            read(&mutated(&whole, &mutations));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_spoiled_list_in_a_job_is_taken_or_changes_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let shop = runtime.block_on(Shop::new());
    let lines: Vec<String> = (0..300).map(|n| format!("U{n},Name {n},u{n}@example.com\n")).collect();
    let list = format!("user_id,user_name,email\n{}", lines.concat());
    let state = "select to_jsonb(u)::text from users u order by user_id";
    runner(12)
        .run(&mutations(FIELDS), |mutations| {
            runtime.block_on(async {
                let mut tx = common::db::TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
                sqlx::query("delete from users").execute(tx.conn()).await.unwrap();
                sqlx::query("insert into users (tenant_id, user_id, user_name) values ($1, 'U1', 'Before')")
                    .bind(shop.tenant)
                    .execute(tx.conn())
                    .await
                    .unwrap();
                tx.commit().await.unwrap();
                let before = shop.texts(state).await;
                let content = mutated(list.as_bytes(), &mutations);
                let mut expected = read(&content);
                let job = shop.import("replace", &[shop.file("users.csv", content)]).await;
                if job.status == "failed" {
                    assert_eq!(shop.texts(state).await, before, "{job:?}");
                } else {
                    expected.push("U1".into());
                    expected.sort();
                    expected.dedup();
                    let ids = shop.texts("select user_id from users order by user_id collate \"C\"").await;
                    assert_eq!(ids, expected, "{job:?}");
                }
            });
            Ok(())
        })
        .unwrap();
}
