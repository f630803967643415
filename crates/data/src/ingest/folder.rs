//! The tenant's own folder of export files, `<DATA_ROOT>/<tenant_id>/`: no path of a tenant's choosing is ever opened.

use std::path::{Path, PathBuf};

use anyhow::Context;
use chrono::NaiveDate;
use common::ids::TenantId;

use crate::sources::export_files::day_in_name;

/// The tenant's folder.
pub fn tenant_folder(data_root: &Path, tenant: TenantId) -> PathBuf {
    data_root.join(tenant.to_string())
}

/// Files directly in a folder, by name. Links are left out: they could lead to another tenant's folder. So are hidden
/// files, and files whose name says that their day is outside the range.
///
/// # Errors
/// The folder is there and cannot be read. A missing folder has no files.
pub fn files_in(folder: &Path, range: Option<(NaiveDate, NaiveDate)>) -> anyhow::Result<Vec<PathBuf>> {
    // A link in the folder's place could lead anywhere.
    if folder.symlink_metadata().is_ok_and(|m| !m.is_dir()) {
        anyhow::bail!("the folder of export files is not a folder");
    }
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).context("cannot read the folder of export files"),
    };
    let mut files = Vec::new();
    for entry in entries {
        let entry = entry?;
        let hidden = entry.file_name().to_string_lossy().starts_with('.');
        let outside = range.zip(day_in_name(&entry.path())).is_some_and(|((from, to), day)| day < from || day > to);
        if entry.file_type()?.is_file() && !hidden && !outside {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}
