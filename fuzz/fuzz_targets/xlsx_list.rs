//! The readers of users and locations: workbooks. An input is a workbook's parts, `name`, a line end and the part, with a NUL
//! between two, so that what changes is XML and not only a zip's checksums; or, where it begins as one, a zip.
#![no_main]

use std::io::{Cursor, Write};

use libfuzzer_sys::fuzz_target;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn workbook(parts: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for part in parts.split(|b| *b == 0) {
        let name = part.iter().position(|b| *b == b'\n').unwrap_or(part.len());
        // A name that comes twice is left out.
        if zip.start_file(String::from_utf8_lossy(&part[..name]), stored).is_ok() {
            zip.write_all(part.get(name + 1..).unwrap_or_default()).expect("memory can be written");
        }
    }
    zip.finish().expect("memory can be written").into_inner()
}

fuzz_target!(|content: &[u8]| {
    if content.starts_with(b"PK") {
        fuzz::read_lists(content);
    } else {
        fuzz::read_lists(&workbook(content));
    }
});
