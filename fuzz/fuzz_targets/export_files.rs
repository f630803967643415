//! The readers of export files, from telling the kind of a file on, and the mapper for what they find.
#![no_main]

use std::sync::Arc;

use data_service::ga4::{Mapped, read_row};
use data_service::sources::export_files::{FileKind, detect, open, read_rows};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    fuzz::with_file(content, |path| {
        let open = || open(path, Arc::default()).expect("the file is there");
        let kind = match detect(&mut open()) {
            Ok(FileKind::List(_) | FileKind::Workbook) | Err(_) => return,
            Ok(kind) => kind,
        };
        let mut last = 0;
        let end = read_rows(path, kind, open(), &mut |raw| {
            assert!(raw.line >= last, "lines out of order");
            last = raw.line;
            if let Ok(Mapped::Event(event)) = read_row(raw.json, fuzz::settings()) {
                fuzz::check_event(&event);
            }
            Ok(())
        });
        if let Err(error) = end {
            assert!(!error.to_string().is_empty());
        }
    });
});
