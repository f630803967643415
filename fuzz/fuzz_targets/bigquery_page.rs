//! A page of BigQuery's answer to a query: every row that is handed on is JSON, and the mapper can be given it.
#![no_main]

use data_service::ga4::{Mapped, read_row};
use google::Page;
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;

fuzz_target!(|answer: &[u8]| {
    let Ok(page) = Page::of_answer(answer.to_vec()) else { return };
    let mut rows = 0;
    let end = page.for_each(|row| {
        rows += 1;
        serde_json::from_slice::<IgnoredAny>(row).map_err(|_| String::from_utf8_lossy(row).into_owned())?;
        if let Ok(Mapped::Event(event)) = read_row(row, fuzz::settings()) {
            fuzz::check_event(&event);
        }
        Ok::<(), String>(())
    });
    match end {
        Ok(Ok(())) => assert_eq!(rows, page.len()),
        Ok(Err(row)) => panic!("a row that is no JSON: {row}"),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
