//! What the targets share: a tenant's settings, bytes as a file, and what must hold of all that was read.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, OnceLock, PoisonError};

use data_service::dimensions::{Columns, ListFormat, ListKind, ListRow, RejectedLine, Sink, read_list};
use data_service::ga4::{MappedEvent, MappingSettings};
use data_service::load::encode_event;
use data_service::sources::export_files::FileError;
use tempfile::NamedTempFile;

/// A tenant in USD; its clock stands still, so that an input always does the same.
pub fn settings() -> &'static MappingSettings {
    static SETTINGS: OnceLock<MappingSettings> = OnceLock::new();
    SETTINGS.get_or_init(|| MappingSettings {
        currency: "USD".into(),
        user_property: "WebUserId".into(),
        branch_property: "default_branch_id".into(),
        failed_search_aliases: vec!["view_search_results_no_results".into()],
        latest_timestamp: 1_800_000_000_000_000,
    })
}

/// Hands over a file with these bytes; one and the same each time, because making one costs more than reading it.
pub fn with_file<T>(content: &[u8], read: impl FnOnce(&Path) -> T) -> T {
    static FILE: OnceLock<Mutex<NamedTempFile>> = OnceLock::new();
    let file = FILE.get_or_init(|| Mutex::new(NamedTempFile::new().expect("a temporary file can be made")));
    let file = file.lock().unwrap_or_else(PoisonError::into_inner);
    let mut out: &File = file.as_file();
    out.seek(SeekFrom::Start(0))
        .and_then(|_| out.set_len(0))
        .and_then(|()| out.write_all(content))
        .expect("the temporary file can be written");
    read(file.path())
}

/// What the staging table can take.
pub fn check_event(event: &MappedEvent) {
    let ids = [&event.user_pseudo_id, &event.web_user_id, &event.ga_user_id, &event.branch_id, &event.transaction_id];
    let items = event.items.as_ref().map(ToString::to_string);
    let texts = [&event.page_location, &event.page_title, &event.term, &event.currency, &event.extra, &items];
    assert!(ids.iter().all(|id| id.as_ref().is_none_or(|id| id.len() <= 500)), "an id is too long for an index");
    assert!(ids.iter().chain(&texts).copied().flatten().all(|text| !text.contains('\0')), "a NUL character");
    for json in [&event.extra, &items].into_iter().flatten() {
        let json: serde_json::Value = serde_json::from_str(json).expect("jsonb is JSON");
        assert!(!json.to_string().contains("\\u0000"), "a NUL character in jsonb");
    }
    encode_event(event, &mut Vec::new()).expect("a record for COPY");
}

/// Reads the bytes as both lists, in both formats.
pub fn read_lists(content: &[u8]) {
    with_file(content, |path| {
        for kind in [ListKind::Users, ListKind::Locations] {
            for format in [ListFormat::File, ListFormat::TableRows] {
                let mut checking = Checking { kind, last: 0 };
                if let Err(error) = read_list(path, format, kind, std::sync::Arc::default(), &mut checking) {
                    assert!(!error.to_string().is_empty());
                }
            }
        }
    });
}

struct Checking {
    kind: ListKind,
    last: u64,
}

impl Sink for Checking {
    fn columns(&mut self, _: &Columns) -> Result<(), FileError> {
        Ok(())
    }

    fn line(&mut self, line: Result<ListRow, RejectedLine>) -> Result<(), FileError> {
        let number = match line {
            Ok(ListRow { line, values }) => {
                assert_eq!(values.len(), self.kind.fields().len());
                assert!(values[0].as_ref().is_some_and(|id| !id.is_empty() && id.len() <= 500));
                assert!(values.iter().flatten().all(|text| !text.contains('\0')), "a NUL character");
                line
            }
            Err(rejected) => {
                assert!(!rejected.errors.is_empty());
                rejected.line
            }
        };
        assert!(number > self.last, "lines out of order");
        self.last = number;
        Ok(())
    }
}
