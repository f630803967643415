//! Workbooks (XLSX) as Excel writes them, for tests and measurements: texts shared, dates as numbers of a date format.

use std::io::{Seek, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub enum XlsxCell {
    /// nothing
    Empty,
    /// a text of the shared table, as Excel writes them
    Text(String),
    /// a text in the cell, as most libraries write them
    Inline(String),
    /// a number, or what a number became: `4711`, a phone number
    Number(f64),
    /// a date, as days since the end of 1899
    Date(f64),
    /// true or false
    Bool(bool),
    /// an error such as `#N/A`
    Error(&'static str),
}

impl From<&str> for XlsxCell {
    fn from(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text.to_owned()) }
    }
}

/// A sheet's name, and its rows by number from 0; none ends them. Asked twice, so that no row has to be kept.
pub type Rows<'a> = (&'a str, &'a dyn Fn(usize) -> Option<Vec<XlsxCell>>);

/// Writes a workbook of these sheets.
///
/// # Panics
/// When it cannot be written.
pub fn write_workbook(out: impl Write + Seek, sheets: &[Rows<'_>]) {
    let mut zip = ZipWriter::new(out);
    let kind = |kind: &str| format!("http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}");
    let links = |links: &[(String, &str, String)]| {
        let links = links.iter().map(|(id, name, target)| {
            format!("<Relationship Id=\"{id}\" Type=\"{}\" Target=\"{target}\"/>", kind(name))
        });
        let links: String = links.collect();
        format!(
            "{XML}<Relationships xmlns=\"http://schemas.openxmlformats.org/package/2006/relationships\">{links}</Relationships>"
        )
    };
    part(&mut zip, "_rels/.rels", &links(&[("rId1".into(), "officeDocument", "xl/workbook.xml".into())]));
    let mut inner: Vec<_> =
        (1..=sheets.len()).map(|n| (format!("rId{n}"), "worksheet", format!("worksheets/sheet{n}.xml"))).collect();
    inner.push(("rIdT".into(), "sharedStrings", "sharedStrings.xml".into()));
    inner.push(("rIdS".into(), "styles", "styles.xml".into()));
    part(&mut zip, "xl/_rels/workbook.xml.rels", &links(&inner));
    let names = sheets.iter().zip(1..);
    let names: String = names
        .map(|((name, _), n)| format!("<sheet name=\"{}\" sheetId=\"{n}\" r:id=\"rId{n}\"/>", escaped(name)))
        .collect();
    part(&mut zip, "xl/workbook.xml", &format!("{XML}<workbook {MAIN} {LINKS}><sheets>{names}</sheets></workbook>"));
    // Format 0 is General, format 1 a date.
    let formats = "<cellXfs count=\"2\"><xf numFmtId=\"0\"/><xf numFmtId=\"14\" applyNumberFormat=\"1\"/></cellXfs>";
    part(&mut zip, "xl/styles.xml", &format!("{XML}<styleSheet {MAIN}>{formats}</styleSheet>"));

    let mut texts = 0;
    for ((_, rows), n) in sheets.iter().zip(1..) {
        begin(&mut zip, &format!("xl/worksheets/sheet{n}.xml"));
        write!(zip, "{XML}<worksheet {MAIN}><sheetData>").expect("the workbook is written");
        for number in 0.. {
            let Some(cells) = rows(number) else { break };
            let row = number + 1;
            write!(zip, "<row r=\"{row}\">").expect("the workbook is written");
            for (at, cell) in cells.iter().enumerate() {
                write_cell(&mut zip, &format!("{}{row}", letters(at)), cell, &mut texts);
            }
            write!(zip, "</row>").expect("the workbook is written");
        }
        write!(zip, "</sheetData></worksheet>").expect("the workbook is written");
    }

    begin(&mut zip, "xl/sharedStrings.xml");
    write!(zip, "{XML}<sst {MAIN} count=\"{texts}\" uniqueCount=\"{texts}\">").expect("the workbook is written");
    for (_, rows) in sheets {
        for cells in (0..).map_while(rows) {
            for cell in cells {
                if let XlsxCell::Text(text) = cell {
                    write!(zip, "<si><t xml:space=\"preserve\">{}</t></si>", escaped(&text))
                        .expect("the workbook is written");
                }
            }
        }
    }
    write!(zip, "</sst>").expect("the workbook is written");
    zip.finish().and_then(|mut out| Ok(out.flush()?)).expect("the workbook is written");
}

/// A workbook of one sheet with these rows.
#[must_use]
pub fn workbook(rows: &[Vec<XlsxCell>]) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    write_workbook(&mut out, &[("Sheet1", &|row| rows.get(row).cloned())]);
    out.into_inner()
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n";
const MAIN: &str = "xmlns=\"http://schemas.openxmlformats.org/spreadsheetml/2006/main\"";
const LINKS: &str = "xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\"";

fn begin(zip: &mut ZipWriter<impl Write + Seek>, name: &str) {
    zip.start_file(name, SimpleFileOptions::default()).expect("the workbook is written");
}

fn part(zip: &mut ZipWriter<impl Write + Seek>, name: &str, content: &str) {
    begin(zip, name);
    zip.write_all(content.as_bytes()).expect("the workbook is written");
}

fn write_cell(out: &mut impl Write, at: &str, cell: &XlsxCell, texts: &mut usize) {
    match cell {
        XlsxCell::Empty => Ok(()),
        XlsxCell::Text(_) => {
            *texts += 1;
            write!(out, "<c r=\"{at}\" t=\"s\"><v>{}</v></c>", *texts - 1)
        }
        XlsxCell::Inline(text) => write!(out, "<c r=\"{at}\" t=\"inlineStr\"><is><t>{}</t></is></c>", escaped(text)),
        XlsxCell::Number(number) => write!(out, "<c r=\"{at}\"><v>{number}</v></c>"),
        XlsxCell::Date(days) => write!(out, "<c r=\"{at}\" s=\"1\"><v>{days}</v></c>"),
        XlsxCell::Bool(yes) => write!(out, "<c r=\"{at}\" t=\"b\"><v>{}</v></c>", u8::from(*yes)),
        XlsxCell::Error(error) => write!(out, "<c r=\"{at}\" t=\"e\"><v>{error}</v></c>"),
    }
    .expect("the workbook is written");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn letters(mut column: usize) -> String {
    let mut letters = Vec::new();
    loop {
        letters.insert(0, char::from(b'A' + u8::try_from(column % 26).unwrap_or_default()));
        if column < 26 {
            return letters.into_iter().collect();
        }
        column = column / 26 - 1;
    }
}
