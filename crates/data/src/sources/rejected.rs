//! A row that is none: where it stood, why, and what it said.

use std::io::Write;

use serde::{Deserialize, Serialize};

/// A longer row is cut, visibly.
const LONGEST_RAW: usize = 64 * 1024;

/// The text, or as much of it as fits into `longest` bytes, visibly cut.
pub fn cut(text: &str, longest: usize) -> String {
    if text.len() <= longest {
        return text.to_owned();
    }
    let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or_default();
    format!("{}{CUT}", &text[..end])
}

/// Ends a text that was cut.
pub const CUT: &str = " … (cut)";

/// One malformed row.
#[derive(Debug, Serialize, Deserialize)]
pub struct RejectedRow {
    pub file: String,
    pub line: u64,
    pub reason: String,
    pub raw: String,
}

impl RejectedRow {
    pub fn new(file: &str, line: u64, reason: &str, raw: &str) -> Self {
        let raw = cut(&raw.replace('\0', "\u{fffd}"), LONGEST_RAW);
        Self { file: file.to_owned(), line, reason: reason.replace('\0', "\u{fffd}"), raw }
    }

    /// # Errors
    /// The disk is full.
    pub fn write(&self, out: &mut impl Write) -> anyhow::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")?;
        Ok(())
    }
}
