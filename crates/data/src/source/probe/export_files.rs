//! Which files lie in the tenant's folder, and of which days.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Probe, Steps};
use crate::ingest::folder::{files_in, tenant_folder};
use crate::sources::export_files::{Shard, day_in_name};

/// Files that are listed; more are counted.
const LISTED: usize = 500;

/// What is in the folder.
#[derive(Debug, Serialize, ToSchema)]
pub struct FolderFindings {
    /// Files, those that are not listed included.
    pub files_total: usize,
    pub bytes_total: u64,
    /// Days that names tell.
    pub days: usize,
    pub first_day: Option<NaiveDate>,
    pub last_day: Option<NaiveDate>,
    /// The newest by name, 500 at most.
    pub files: Vec<FileView>,
}

/// One file.
#[derive(Debug, Serialize, ToSchema)]
pub struct FileView {
    pub name: String,
    pub bytes: u64,
    /// The day that its name tells; null: its rows tell.
    pub day: Option<NaiveDate>,
    /// `daily`, `fresh` or `intraday`, by its name.
    pub shard: Option<String>,
}

pub(super) async fn look(probe: &Probe<'_>, steps: &mut Steps) -> Option<FolderFindings> {
    let folder = tenant_folder(&probe.settings.data_root, probe.source.tenant);
    let found = tokio::task::spawn_blocking(move || files_in(&folder, None)).await;
    let found = found.map_err(anyhow::Error::from).and_then(|files| files);
    let files = match found {
        Ok(files) => files,
        Err(error) => {
            // The reason may name a path of the server's, which is the operator's business.
            tracing::warn!(tenant = %probe.source.tenant, error = format!("{error:#}"), "a tenant's folder cannot be read");
            steps.failed("folder", "The tenant's folder cannot be read; the log of the data service tells why.");
            return None;
        }
    };
    let findings = FolderFindings::of(&files);
    match (findings.first_day, findings.last_day) {
        _ if files.is_empty() => steps.warned(
            "folder",
            "The tenant's folder is empty.",
            vec![String::from(
                "there is nothing to ingest: files come by POST /data/ingest/upload, or the operator's hand",
            )],
        ),
        (Some(first), Some(last)) => steps.passed(
            "folder",
            format!("The tenant's folder has {} files, of {} days from {first} to {last}.", files.len(), findings.days),
        ),
        _ => steps.passed("folder", format!("The tenant's folder has {} files; their names tell no day.", files.len())),
    }
    Some(findings)
}

impl FolderFindings {
    fn of(files: &[PathBuf]) -> Self {
        let days: std::collections::BTreeSet<NaiveDate> = files.iter().filter_map(|file| day_in_name(file)).collect();
        Self {
            files_total: files.len(),
            bytes_total: files.iter().map(|file| size(file)).sum(),
            days: days.len(),
            first_day: days.first().copied(),
            last_day: days.last().copied(),
            files: files.iter().rev().take(LISTED).map(|file| FileView::of(file)).collect(),
        }
    }
}

impl FileView {
    fn of(file: &Path) -> Self {
        let day = day_in_name(file);
        Self {
            name: file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            bytes: size(file),
            day,
            shard: day.map(|_| Shard::of(file).as_str().to_owned()),
        }
    }
}

fn size(file: &Path) -> u64 {
    file.metadata().map(|about| about.len()).unwrap_or_default()
}
