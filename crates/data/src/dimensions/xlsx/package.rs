//! The container of a workbook: a zip of XML parts. What a part may hold is bounded, since a few kilobytes of zip can be
//! gigabytes of XML, and nothing in a part is believed that would have to be reserved for.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;
use zip::read::ZipFile;

use crate::sources::export_files::FileError;
use crate::sources::export_files::input::{Budget, Budgeted, file_name};

/// Parts that a workbook may have: what the zip's directory says of each is held in memory.
const MOST_PARTS: usize = 1000;
/// How deep elements may stand in each other.
const DEEPEST: usize = 64;
const DIRECTORY_ENTRY: &[u8] = b"PK\x01\x02";

/// Whether these are the first bytes of a zip.
pub(crate) fn is_zip(start: &[u8]) -> bool {
    start.starts_with(b"PK\x03\x04")
}

/// An opened workbook file.
pub(super) struct Package {
    zip: ZipArchive<BufReader<Counting>>,
    /// Parts by their names in lower case: programs do not agree on the case.
    parts: HashMap<String, usize>,
}

/// How far the file is read, as far as a zip is read in order.
struct Counting {
    file: File,
    position: Arc<AtomicU64>,
}

impl Read for Counting {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.position.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Seek for Counting {
    fn seek(&mut self, to: std::io::SeekFrom) -> std::io::Result<u64> {
        self.file.seek(to)
    }
}

impl Package {
    /// # Errors
    /// [`FileError::Refused`] for what is no zip, or one of too many parts.
    pub(super) fn open(path: &Path, position: &Arc<AtomicU64>) -> Result<Self, FileError> {
        let opened = || File::open(path).with_context(|| format!("cannot open {}", file_name(path)));
        check_parts(opened()?)?;
        let file = Counting { file: opened()?, position: Arc::clone(position) };
        let zip = ZipArchive::new(BufReader::with_capacity(64 * 1024, file)).map_err(|e| damaged(&e))?;
        let names = zip.file_names_raw().map(|name| String::from_utf8_lossy(name).replace('\\', "/").to_lowercase());
        let parts = names.enumerate().map(|(n, name)| (name, n)).collect();
        Ok(Self { zip, parts })
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.parts.contains_key(&name.to_lowercase())
    }

    /// A part to be read from its start; none where there is none of this name.
    ///
    /// # Errors
    /// [`FileError::Refused`] when it is damaged, or has a password.
    pub(super) fn part(&mut self, name: &str) -> Result<Option<Part<'_>>, FileError> {
        let Some(number) = self.parts.get(&name.to_lowercase()) else { return Ok(None) };
        let file = self.zip.by_index(*number).map_err(|e| damaged(&e))?;
        let source = Budgeted::new(BufReader::with_capacity(64 * 1024, file));
        let budget = source.budget();
        let mut xml = Reader::from_reader(source);
        xml.config_mut().expand_empty_elements = true;
        Ok(Some(Part { xml, budget, buffer: Vec::new(), depth: 0, name: name.to_owned() }))
    }
}

fn damaged(error: &dyn std::fmt::Display) -> FileError {
    FileError::Refused(format!("the workbook is damaged: {error}"))
}

/// Counts the entries of the zip's directory before anything is made of them.
fn check_parts(file: File) -> Result<(), FileError> {
    let mut file = BufReader::with_capacity(256 * 1024, file);
    let mut parts = 0;
    let mut matched = 0;
    loop {
        let chunk = std::io::BufRead::fill_buf(&mut file).context("cannot read an uploaded file")?;
        if chunk.is_empty() {
            return Ok(());
        }
        for byte in chunk {
            // No byte of the mark but its first is a `P`.
            matched = match *byte {
                byte if byte == DIRECTORY_ENTRY[matched] => matched + 1,
                b'P' => 1,
                _ => 0,
            };
            if matched == DIRECTORY_ENTRY.len() {
                (matched, parts) = (0, parts + 1);
            }
        }
        if parts > MOST_PARTS {
            return Err(FileError::Refused(format!("a workbook has at most {MOST_PARTS} parts")));
        }
        let taken = chunk.len();
        std::io::BufRead::consume(&mut file, taken);
    }
}

type Source<'a> = Budgeted<BufReader<ZipFile<'a, BufReader<Counting>>>>;

/// A part while it is read.
pub(super) struct Part<'a> {
    xml: Reader<Source<'a>>,
    budget: Budget,
    buffer: Vec<u8>,
    depth: usize,
    name: String,
}

impl Part<'_> {
    /// The next event; every element has a start and an end.
    ///
    /// # Errors
    /// [`FileError::Refused`] when the part is damaged, or goes on for too long without [`Self::renew`].
    pub(super) fn next(&mut self) -> Result<Event<'_>, FileError> {
        self.buffer.clear();
        let event = self.xml.read_event_into(&mut self.buffer);
        let event = event.map_err(|e| FileError::Refused(format!("the workbook is damaged: {}: {e}", self.name)))?;
        match &event {
            Event::Start(_) => self.depth += 1,
            Event::End(_) => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        if self.depth > DEEPEST {
            return Err(FileError::Refused(format!("the workbook is damaged: {}: too deep", self.name)));
        }
        Ok(event)
    }

    /// Something was read that is to be read: the next one may be as long again.
    pub(super) fn renew(&self) {
        self.budget.renew();
    }
}

/// An attribute by its local name, so that `r:id` is `id`; with references such as `&amp;` resolved.
pub(super) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    // Without the check for names that come twice, whose cost grows with their square.
    let found = element
        .attributes()
        .with_checks(false)
        .flatten()
        .find(|attribute| attribute.key.local_name().as_ref() == name)?;
    quick_xml::escape::unescape(&found.value).ok().map(std::borrow::Cow::into_owned)
}
