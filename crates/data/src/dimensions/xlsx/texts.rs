//! The texts that the cells of a workbook share, in as little memory as they need.

use quick_xml::events::Event;

use super::package::{Package, Part};
use crate::sources::export_files::FileError;

/// Bytes kept of one text: no field takes more, and a longer one is refused where it is used.
pub(super) const LONGEST_KEPT: usize = 4096;
/// All texts together.
const MOST_BYTES: usize = 96 * 1024 * 1024;
const MOST_TEXTS: usize = 8_000_000;
const BLOCK: usize = 1024 * 1024;

/// The table of texts; a cell names one by its number.
#[derive(Debug, Default)]
pub(super) struct Texts {
    /// No text lies in two blocks.
    blocks: Vec<String>,
    /// Per text: where it starts, counting blocks as full, and how long it is.
    starts: Vec<u32>,
    lengths: Vec<u16>,
}

impl Texts {
    /// # Errors
    /// [`FileError::Refused`] when the part is damaged or holds more than fits into memory. A missing part has no texts.
    pub(super) fn read(package: &mut Package, name: &str) -> Result<Self, FileError> {
        let mut texts = Self::default();
        let Some(mut part) = package.part(name)? else { return Ok(texts) };
        loop {
            match part.next()? {
                Event::Start(e) if e.local_name().as_ref() == "si" => {
                    let text = rich_text(&mut part, "si")?;
                    part.renew();
                    texts.push(&text)?;
                }
                Event::Eof => return Ok(texts),
                _ => {}
            }
        }
    }

    pub(super) fn get(&self, number: usize) -> Option<&str> {
        let (start, length) = (*self.starts.get(number)? as usize, usize::from(*self.lengths.get(number)?));
        self.blocks.get(start / BLOCK)?.get(start % BLOCK..start % BLOCK + length)
    }

    fn push(&mut self, text: &str) -> Result<(), FileError> {
        if self.starts.len() >= MOST_TEXTS || self.blocks.len() * BLOCK >= MOST_BYTES {
            return Err(FileError::Refused(
                "the workbook holds more text than can be read as a whole: save the sheet as CSV".into(),
            ));
        }
        if self.blocks.last().is_none_or(|block| block.len() + text.len() > BLOCK) {
            self.blocks.push(String::with_capacity(BLOCK));
        }
        let number = self.blocks.len() - 1;
        let Some(block) = self.blocks.last_mut() else { return Ok(()) };
        let start = number * BLOCK + block.len();
        block.push_str(text);
        self.starts.push(u32::try_from(start).unwrap_or(u32::MAX));
        self.lengths.push(u16::try_from(text.len()).unwrap_or(u16::MAX));
        Ok(())
    }
}

/// The text up to the end of the element `end`: all its runs, without the reading aids of East Asian scripts. Cut where it
/// is longer than any value may be.
pub(super) fn rich_text(part: &mut Part<'_>, end: &str) -> Result<String, FileError> {
    let (mut text, mut in_text, mut in_aid) = (String::new(), false, false);
    loop {
        match part.next()? {
            Event::Start(e) => match e.local_name().as_ref() {
                "t" => in_text = true,
                "rPh" => in_aid = true,
                _ => {}
            },
            Event::Text(t) if in_text && !in_aid => append(&mut text, &t.xml10_content()),
            Event::CData(t) if in_text && !in_aid => append(&mut text, &t.xml10_content()),
            Event::GeneralRef(r) if in_text && !in_aid => append(&mut text, &resolved(&r)),
            Event::End(e) => match e.local_name().as_ref() {
                "t" => in_text = false,
                "rPh" => in_aid = false,
                name if name == end => return Ok(unescaped(text)),
                _ => {}
            },
            Event::Eof => return Err(FileError::Refused("the workbook is damaged: it ends in a text".into())),
            _ => {}
        }
    }
}

/// Appends as much as is kept.
pub(super) fn append(text: &mut String, more: &str) {
    let room = LONGEST_KEPT.saturating_sub(text.len());
    let end = (0..=room.min(more.len())).rev().find(|at| more.is_char_boundary(*at)).unwrap_or_default();
    text.push_str(&more[..end]);
}

/// `&amp;` and `&#252;`; an entity that XML does not know is left out.
pub(super) fn resolved(reference: &quick_xml::events::BytesRef<'_>) -> String {
    if let Ok(Some(letter)) = reference.resolve_char_ref() {
        return letter.to_string();
    }
    quick_xml::escape::resolve_predefined_entity(reference).unwrap_or_default().to_owned()
}

/// `_x000D_` is how a workbook writes a character that XML cannot hold, and `_x005F_` the underscore of one that is meant
/// literally.
fn unescaped(text: String) -> String {
    if !text.contains("_x") {
        return text;
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text.as_str());
    while let Some(at) = rest.find("_x") {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let code =
            rest.get(2..6).filter(|code| rest[6..].starts_with('_') && code.bytes().all(|b| b.is_ascii_hexdigit()));
        match code.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(letter) => {
                out.push(letter);
                rest = &rest[7..];
            }
            None => {
                out.push_str("_x");
                rest = &rest[2..];
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_by_their_number_across_blocks() {
        let mut texts = Texts::default();
        let text = |n: usize| format!("{n}:{}", "ü".repeat(n % 2000));
        for n in 0..3000 {
            texts.push(&text(n)).unwrap();
        }
        assert!(texts.blocks.len() > 2);
        assert!((0..3000).all(|n| texts.get(n) == Some(text(n).as_str())));
        assert_eq!(texts.get(3000), None);
    }

    #[test]
    fn escapes_of_workbooks_are_resolved() {
        for (written, meant) in [
            ("a_x000D_b", "a\rb"),
            ("_x005F_x000D_", "_x000D_"),
            ("snake_xcase", "snake_xcase"),
            ("_x00", "_x00"),
            ("_x", "_x"),
            ("_xD800_", "_xD800_"),
            ("_xüüü_", "_xüüü_"),
            ("x_x0041_x0042_", "xAx0042_"),
            ("_x+041_", "_x+041_"),
        ] {
            assert_eq!(unescaped(written.to_owned()), meant, "{written}");
        }
    }

    #[test]
    fn long_texts_are_cut_at_a_letter() {
        let mut text = "a".repeat(LONGEST_KEPT - 1);
        append(&mut text, "üb");
        assert_eq!(text.len(), LONGEST_KEPT - 1);
        append(&mut text, "bc");
        assert_eq!(text.len(), LONGEST_KEPT);
    }
}
