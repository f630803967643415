//! What a workbook is made of: its sheets by name, its texts, and which number formats are dates.

use quick_xml::events::Event;

use super::package::{Package, attribute};
use super::texts::Texts;
use crate::sources::export_files::FileError;

const MOST_SHEETS: usize = 1000;
/// Cell formats that a workbook may have; Excel ends at 65,490.
const MOST_FORMATS: usize = 100_000;

/// All that is needed to read cells.
pub(super) struct Workbook {
    /// Names and parts, in the order of the tabs.
    pub(super) sheets: Vec<(String, String)>,
    pub(super) texts: Texts,
    /// Per cell format: whether its numbers are dates.
    pub(super) dates: Vec<bool>,
    pub(super) from_1904: bool,
}

impl Workbook {
    /// # Errors
    /// [`FileError::Refused`] when it is another kind of file, or damaged.
    pub(super) fn read(package: &mut Package) -> Result<Self, FileError> {
        let refused = |reason: &str| Err(FileError::Refused(reason.to_owned()));
        if package.has("content.xml") && package.has("mimetype") {
            return refused("an OpenDocument spreadsheet (.ods): save it as .xlsx or CSV");
        }
        if package.has("xl/workbook.bin") {
            return refused("a binary Excel workbook (.xlsb): save it as .xlsx or CSV");
        }
        let links = links(package, "", "_rels/.rels")?;
        let main = links.into_iter().find(|link| link.kind == "officeDocument").map(|link| link.target);
        let main = main.unwrap_or_else(|| "xl/workbook.xml".to_owned());
        let (folder, name) = main.rsplit_once('/').unwrap_or(("", &main));
        let links = self::links(package, folder, &join(folder, &format!("_rels/{name}.rels")))?;
        let target = |kind: &str| links.iter().find(|link| link.kind == kind).map(|link| link.target.clone());

        let (names, from_1904) = sheets(package, &main)?;
        let part_of = |id: &str| links.iter().find(|link| link.id == id && link.kind == "worksheet");
        let sheets =
            names.into_iter().filter_map(|(name, id)| Some((name, part_of(&id)?.target.clone()))).collect::<Vec<_>>();
        if sheets.is_empty() {
            return refused("a zip without sheets: a list is CSV or XLSX");
        }
        let texts = target("sharedStrings").unwrap_or_else(|| join(folder, "sharedStrings.xml"));
        let styles = target("styles").unwrap_or_else(|| join(folder, "styles.xml"));
        Ok(Self { sheets, from_1904, dates: dates(package, &styles)?, texts: Texts::read(package, &texts)? })
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// From one part to another.
struct Link {
    id: String,
    /// The last part of the type's address.
    kind: String,
    target: String,
}

fn links(package: &mut Package, folder: &str, name: &str) -> Result<Vec<Link>, FileError> {
    let mut links = Vec::new();
    let Some(mut part) = package.part(name)? else { return Ok(links) };
    loop {
        match part.next()? {
            Event::Start(e) if e.local_name().as_ref() == "Relationship" => {
                let text = |name| attribute(&e, name).unwrap_or_default();
                let kind = text("Type").rsplit('/').next().unwrap_or_default().to_owned();
                links.push(Link { id: text("Id"), kind, target: resolved(folder, &text("Target")) });
                if links.len() > MOST_SHEETS {
                    return Err(FileError::Refused(format!("a workbook has at most {MOST_SHEETS} sheets")));
                }
            }
            Event::Eof => return Ok(links),
            _ => {}
        }
    }
}

/// A target is named from the folder of the part that names it, or, with a leading slash, from the top.
fn resolved(folder: &str, target: &str) -> String {
    if let Some(absolute) = target.strip_prefix('/') {
        return absolute.to_owned();
    }
    let mut steps: Vec<&str> = folder.split('/').filter(|step| !step.is_empty()).collect();
    for step in target.split('/') {
        match step {
            "" | "." => {}
            ".." => drop(steps.pop()),
            step => steps.push(step),
        }
    }
    steps.join("/")
}

/// Names and link ids of the sheets, and whether days are counted from 1904.
fn sheets(package: &mut Package, main: &str) -> Result<(Vec<(String, String)>, bool), FileError> {
    let (mut sheets, mut from_1904) = (Vec::new(), false);
    let Some(mut part) = package.part(main)? else { return Ok((sheets, from_1904)) };
    loop {
        match part.next()? {
            Event::Start(e) if e.local_name().as_ref() == "workbookPr" => {
                from_1904 = attribute(&e, "date1904").is_some_and(|value| matches!(value.as_str(), "1" | "true"));
            }
            Event::Start(e) if e.local_name().as_ref() == "sheet" && sheets.len() < MOST_SHEETS => {
                let text = |name| attribute(&e, name).unwrap_or_default();
                sheets.push((text("name"), text("id")));
            }
            Event::Eof => return Ok((sheets, from_1904)),
            _ => {}
        }
    }
}

/// Per cell format, whether it shows a date or a time.
fn dates(package: &mut Package, styles: &str) -> Result<Vec<bool>, FileError> {
    let (mut formats, mut own, mut in_cells) = (Vec::new(), Vec::new(), false);
    let Some(mut part) = package.part(styles)? else { return Ok(formats) };
    loop {
        match part.next()? {
            Event::Start(e) => match e.local_name().as_ref() {
                "numFmt" if own.len() < MOST_FORMATS => {
                    let code = attribute(&e, "formatCode").unwrap_or_default();
                    own.push((attribute(&e, "numFmtId").unwrap_or_default(), is_date_format(&code)));
                }
                "cellXfs" => in_cells = true,
                "xf" if in_cells && formats.len() < MOST_FORMATS => {
                    let id = attribute(&e, "numFmtId").unwrap_or_default();
                    let own = own.iter().find(|(number, _)| *number == id).map(|(_, is_date)| *is_date);
                    formats.push(own.unwrap_or_else(|| is_builtin_date(&id)));
                }
                _ => {}
            },
            Event::End(e) if e.local_name().as_ref() == "cellXfs" => return Ok(formats),
            Event::Eof => return Ok(formats),
            _ => {}
        }
    }
}

/// ECMA-376, 18.8.30: formats that are not written into the file.
fn is_builtin_date(id: &str) -> bool {
    matches!(id.parse(), Ok(14..=22_u32 | 27..=36 | 45..=47 | 50..=58))
}

/// Whether a format has a letter of days or hours outside of quotes, brackets and escapes.
fn is_date_format(code: &str) -> bool {
    let mut letters = code.split(';').next().unwrap_or_default().chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => drop(letters.by_ref().find(|c| *c == '"')),
            // [h] is elapsed hours; all others are colours, conditions, currencies.
            '[' => {
                let inside: String = letters.by_ref().take_while(|c| *c != ']').collect();
                if !inside.is_empty() && inside.chars().all(|c| matches!(c.to_ascii_lowercase(), 'h' | 'm' | 's')) {
                    return true;
                }
            }
            '\\' | '_' | '*' => drop(letters.next()),
            'd' | 'D' | 'm' | 'M' | 'y' | 'Y' | 'h' | 'H' | 's' | 'S' => return true,
            // `General` has none of the letters above.
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_formats_are_told_from_numbers() {
        for code in ["yyyy-mm-dd", "d/m/yy h:mm", "[h]:mm", "[$-409]d-mmm-yy", "mmm", "\"on \"dd"] {
            assert!(is_date_format(code), "{code}");
        }
        for code in [
            "General", "0", "#,##0.00", "0.00E+00", "[Red]0", "\"days\" 0", "0 \\d", "@", "0_);(0)", "[$USD] 0",
            "000-000", "",
        ] {
            assert!(!is_date_format(code), "{code}");
        }
        assert!(is_builtin_date("14") && !is_builtin_date("49") && !is_builtin_date("x"));
    }

    #[test]
    fn targets_are_found_from_their_folder_or_the_top() {
        assert_eq!(resolved("xl", "worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolved("xl", "/xl/worksheets/sheet1.xml"), "xl/worksheets/sheet1.xml");
        assert_eq!(resolved("xl", "../sheets/./a.xml"), "sheets/a.xml");
        assert_eq!(resolved("", "../../a.xml"), "a.xml");
    }
}
