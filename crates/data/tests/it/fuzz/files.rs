//! The readers of export files, from telling the kind on.

use std::io::Write;
use std::sync::Arc;

use data_service::sources::export_files::{FileKind, detect, open, read_rows};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::mutation::{ROW_FIELDS, mutated, mutations};
use super::{good_rows, runner, seeds};

/// Reads a file as ingestion does, to its end or to its refusal. Answers the rows that were seen.
fn read(content: &[u8]) -> Vec<(u64, Vec<u8>)> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), content).unwrap();
    let mut rows = Vec::new();
    let kind = match detect(&mut open(file.path(), Arc::default()).unwrap()) {
        Ok(FileKind::List(_) | FileKind::Workbook) | Err(_) => return rows,
        Ok(kind) => kind,
    };
    let input = open(file.path(), Arc::default()).unwrap();
    let end = read_rows(file.path(), kind, input, &mut |raw| {
        rows.push((raw.line, raw.json.to_vec()));
        Ok(())
    });
    if let Err(error) = end {
        let reason = error.to_string();
        assert!(!reason.is_empty() && !reason.contains(&file.path().display().to_string()), "{reason}");
    }
    assert!(rows.is_sorted_by_key(|(line, _)| *line), "lines out of order");
    rows
}

/// A file in one of the shapes it may come in, plain or packed.
fn shaped(rows: &[Vec<u8>], shape: u8) -> Vec<u8> {
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
        _ => [b"\xef\xbb\xbf".as_slice(), &rows.join(b"\r\n".as_slice())].concat(),
    }
}

#[test]
fn whole_files_give_each_row_once_in_every_shape() {
    let rows = good_rows();
    for shape in 0..5 {
        let numbered: Vec<_> = (1..).zip(rows.iter().cloned()).collect();
        assert_eq!(read(&shaped(&rows, shape)), numbered, "shape {shape}");
    }
}

#[test]
fn the_readers_of_files_end_with_rows_or_a_reason() {
    let seeds = seeds("export_files");
    for seed in &seeds {
        read(seed);
    }
    runner(300)
        .run(&(any::<Index>(), mutations(ROW_FIELDS)), |(seed, mutations)| {
            read(&mutated(&seeds[seed.index(seeds.len())], &mutations));
            Ok(())
        })
        .unwrap();
    let rows: Vec<Vec<u8>> = good_rows().into_iter().take(12).collect();
    runner(300)
        .run(&(0..5u8, mutations(ROW_FIELDS)), |(shape, mutations)| {
            read(&mutated(&shaped(&rows, shape), &mutations));
            Ok(())
        })
        .unwrap();
    let starts: [&[u8]; 7] = [b"", b"{", b"[", b"PAR1", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"user_id,user_name\n"];
    runner(300)
        .run(&(0..starts.len(), vec(any::<u8>(), 0..200)), |(start, bytes)| {
            read(&[starts[start], &bytes].concat());
            Ok(())
        })
        .unwrap();
}
