//! Which source a job reads from.

use common::ids::TenantId;

use super::folder::{files_in, tenant_folder};
use super::job::JobRow;
use super::spool::JobFolder;
use super::work::Ingestion;
use crate::sources::export_files::ExportFiles;
use crate::sources::{Source, SourceError};

/// The source that the job reads from.
///
/// # Errors
/// The tenant's source is not configured so that it could be read.
pub async fn source_of(
    ingestion: &Ingestion,
    tenant: TenantId,
    row: &JobRow,
    folder: &JobFolder,
) -> Result<Box<dyn Source>, SourceError> {
    let (files, nothing) = match row.origin.as_str() {
        "folder" => (
            files_in(&tenant_folder(&ingestion.data_root, tenant), row.range())?,
            "there is no export file for these days in the tenant's folder",
        ),
        _ => (files_in(&folder.incoming(), None)?, "the files of this job are gone from DATA_ROOT: send them again"),
    };
    Ok(Box::new(ExportFiles {
        files,
        events: row.wants("events"),
        users: row.wants("users"),
        locations: row.wants("locations"),
        nothing: nothing.into(),
    }))
}
