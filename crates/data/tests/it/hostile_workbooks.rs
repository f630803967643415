//! Workbooks that were not written by a spreadsheet: small files that would be gigabytes, counts that lie, parts without end.

use std::io::Write;

use data_service::dimensions::{Columns, ListFormat, ListKind, ListRow, RejectedLine, Sink, read_list};
use data_service::sources::export_files::FileError;
use zip::write::SimpleFileOptions;

/// Rows that were read, none kept.
#[derive(Default)]
struct Count(u64);

impl Sink for Count {
    fn columns(&mut self, _: &Columns) -> Result<(), FileError> {
        Ok(())
    }

    fn line(&mut self, _: Result<ListRow, RejectedLine>) -> Result<(), FileError> {
        self.0 += 1;
        Ok(())
    }
}

const HEADER: &str = r#"<row r="1"><c r="A1" t="inlineStr"><is><t>user_id</t></is></c></row>"#;
const LINE: &str = r#"<row r="2"><c r="A2" t="s"><v>0</v></c></row>"#;
const TEXTS: &str = "<sst><si><t>U1</t></si></sst>";

/// Reads a workbook of these parts beside the ones that every workbook has.
fn read(sheet: &dyn Fn(&mut dyn Write), texts: &dyn Fn(&mut dyn Write), more: usize) -> Result<u64, String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut zip = zip::ZipWriter::new(std::io::BufWriter::new(file.reopen().unwrap()));
    let mut part = |name: &str, content: &dyn Fn(&mut dyn Write)| {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        content(&mut zip);
    };
    let plain = |text: &'static str| move |out: &mut dyn Write| out.write_all(text.as_bytes()).unwrap();
    part("xl/workbook.xml", &plain(r#"<workbook><sheets><sheet name="a" r:id="r1"/></sheets></workbook>"#));
    part(
        "xl/_rels/workbook.xml.rels",
        &plain(r#"<Relationships><Relationship Id="r1" Type="x/worksheet" Target="sheet.xml"/></Relationships>"#),
    );
    part("xl/sheet.xml", sheet);
    part("xl/sharedStrings.xml", texts);
    for n in 0..more {
        part(&format!("more/{n}"), &plain(""));
    }
    zip.finish().unwrap().flush().unwrap();
    let mut count = Count::default();
    read_list(file.path(), ListFormat::File, ListKind::Users, std::sync::Arc::default(), &mut count)
        .map(|()| count.0)
        .map_err(|error| error.to_string())
}

fn text(text: String) -> impl Fn(&mut dyn Write) {
    move |out| out.write_all(text.as_bytes()).unwrap()
}

fn sheet(rows: &str) -> impl Fn(&mut dyn Write) + use<> {
    text(format!("<worksheet><sheetData>{HEADER}{rows}</sheetData></worksheet>"))
}

fn repeated(start: &'static str, part: String, times: usize, end: &'static str) -> impl Fn(&mut dyn Write) {
    move |out| {
        out.write_all(start.as_bytes()).unwrap();
        for _ in 0..times {
            out.write_all(part.as_bytes()).unwrap();
        }
        out.write_all(end.as_bytes()).unwrap();
    }
}

/// The process's high-water mark in MiB; under nextest a test is a process.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default() / 1024
}

#[test]
fn no_workbook_fills_the_memory() {
    let plain = text(TEXTS.to_owned());
    assert_eq!(read(&sheet(LINE), &plain, 0), Ok(1));

    // A count that nothing is reserved for.
    let lying = text(TEXTS.replace("<sst>", r#"<sst count="1" uniqueCount="1152921504606846975">"#));
    assert_eq!(read(&sheet(LINE), &lying, 0), Ok(1));

    let mega = "x".repeat(1 << 20);
    let refused = [
        // One text of 200 MiB, in pieces, in a cell, in an attribute, in a comment.
        read(&sheet(LINE), &repeated("<sst><si><t>", mega.clone(), 200, "</t></si></sst>"), 0),
        read(&sheet(LINE), &repeated("<sst><si>", format!("<r><t>{mega}</t></r>"), 200, "</si></sst>"), 0),
        read(&repeated("<worksheet><sheetData><row><c t=\"str\"><v>", mega.clone(), 200, "</v></c></row>"), &plain, 0),
        read(&repeated("<worksheet><sheetData><row r=\"", mega.clone(), 200, "\"></row>"), &plain, 0),
        read(&repeated("<worksheet><!--", mega.clone(), 200, "-->"), &plain, 0),
        // A row of far too many cells, and elements that never end.
        read(&repeated("<worksheet><sheetData><row>", "<c><v>1</v></c>".repeat(1 << 16), 60, "</row>"), &plain, 0),
        read(&repeated("<worksheet>", "<a>".repeat(1 << 18), 200, ""), &plain, 0),
        read(&sheet(r#"<row r="2"><c r="ZZZZZZ2"><v>1</v></c></row>"#), &plain, 0),
        read(&sheet(r#"<row r="1048577"><c><v>1</v></c></row>"#), &plain, 0),
        // Texts beyond what is held, and more parts than a workbook has.
        read(&sheet(LINE), &repeated("<sst>", format!("<si><t>{}</t></si>", "x".repeat(2000)), 80_000, "</sst>"), 0),
        read(&sheet(LINE), &plain, 2000),
    ];
    for (n, refused) in refused.iter().enumerate() {
        assert!(refused.is_err(), "{n}: {refused:?}");
    }
    assert!(peak_memory() < 180, "{} MiB", peak_memory());
}
