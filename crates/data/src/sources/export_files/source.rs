//! Export files as a source: all files of a job are one unit, because a day may be in several of them and only reading
//! tells. Nothing lands before all of them were read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;

use super::{FileError, FileKind, Shard, detect, open, read_rows};
use crate::dimensions::{self, ListFormat, ListKind};
use crate::sources::{Context, Sink, Source, SourceError, Unit};

/// The unit's name.
const ALL_FILES: &str = "files";

/// Files, and which kinds of them are wanted.
#[derive(Debug, Clone)]
pub struct ExportFiles {
    pub files: Vec<PathBuf>,
    pub events: bool,
    pub users: bool,
    pub locations: bool,
    /// Said when there are none.
    pub nothing: String,
}

#[async_trait]
impl Source for ExportFiles {
    async fn units(&self) -> Result<Vec<Unit>, SourceError> {
        if self.files.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![Unit { name: ALL_FILES.into(), day: None }])
    }

    async fn read(&self, _unit: &Unit, _context: &Context, sink: Sink) -> Result<Sink, SourceError> {
        let files = self.clone();
        tokio::task::spawn_blocking(move || files.read_all(sink)).await.map_err(anyhow::Error::from)?
    }

    fn bytes_expected(&self) -> u64 {
        self.files.iter().filter_map(|f| f.metadata().ok()).map(|m| m.len()).sum()
    }

    fn nothing(&self) -> String {
        self.nothing.clone()
    }
}

impl ExportFiles {
    fn read_all(&self, mut sink: Sink) -> Result<Sink, SourceError> {
        for file in &self.files {
            match self.read_file(file, &mut sink) {
                Ok(()) => {}
                Err(FileError::Refused(reason)) => {
                    sink.refuse(&reason);
                    return Ok(sink);
                }
                Err(error) => return Err(error.into()),
            }
        }
        if sink.rows() == 0 {
            let names: Vec<String> = self.files.iter().map(|f| super::input::file_name(f)).collect();
            // Never taken for a quiet day.
            sink.refuse_all(format!("{}: there are no rows in it", names.join(", ")));
        }
        Ok(sink)
    }

    fn read_file(&self, path: &Path, sink: &mut Sink) -> Result<(), FileError> {
        let shard = Shard::of(path);
        sink.begin_part(&super::input::file_name(path), shard);
        let counters = Arc::clone(sink.counters());
        let bytes_before = counters.bytes.load(Ordering::Relaxed);
        // Its own position per opening: the kind is told on a first one.
        let mut input = open(path, Arc::default())?;
        let mut kind = detect(&mut input)?;
        drop(input);
        if kind == FileKind::Workbook {
            kind = FileKind::List(dimensions::workbook_kind(path)?.ok_or_else(no_list)?);
        }
        match kind {
            FileKind::List(list) => {
                let wanted = match list {
                    ListKind::Users => self.users,
                    ListKind::Locations => self.locations,
                };
                if wanted {
                    let position = Arc::clone(&counters.bytes);
                    dimensions::read_list(path, ListFormat::File, list, position, &mut sink.list(list))?;
                }
            }
            _ if !self.events => {}
            _ => {
                let input = open(path, Arc::clone(&counters.bytes))?;
                read_rows(path, kind, input, &mut |raw| sink.event_row(&raw))?;
            }
        }
        let size = std::fs::metadata(path).map(|m| m.len()).unwrap_or_default();
        counters.bytes.store(bytes_before + size, Ordering::Relaxed);
        sink.end_part()
    }
}

fn no_list() -> FileError {
    FileError::Refused(
        "no sheet of the workbook begins with the header of users (user_id, …) or locations (location_id, …)".into(),
    )
}
