//! Which source a job reads from.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Utc};
use common::db::TenantTx;
use common::ids::TenantId;

use super::folder::{files_in, tenant_folder};
use super::job::JobRow;
use super::spool::JobFolder;
use super::work::Ingestion;
use crate::ga4::MappingSettings;
use crate::source::{self, SourceConfig, StoredSource};
use crate::sources::export_files::ExportFiles;
use crate::sources::{Patience, Source, SourceError, TableStamp, bigquery, data_api};

/// The source that the job reads from, for the days that it has not committed yet.
///
/// # Errors
/// The tenant's source is not configured so that it could be read.
pub async fn source_of(
    ingestion: &Ingestion,
    tenant: TenantId,
    row: &JobRow,
    folder: &JobFolder,
    settings: &MappingSettings,
    done: &[NaiveDate],
) -> Result<Box<dyn Source>, SourceError> {
    let (files, nothing) = match row.origin.as_str() {
        "pull" => return pull(ingestion, tenant, row, settings, done).await,
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

async fn pull(
    ingestion: &Ingestion,
    tenant: TenantId,
    row: &JobRow,
    settings: &MappingSettings,
    done: &[NaiveDate],
) -> Result<Box<dyn Source>, SourceError> {
    let mut tx = TenantTx::begin(&ingestion.pool, tenant).await.map_err(anyhow::Error::from)?;
    let source = source::load(tx.conn(), tenant).await?;
    let known = if row.is_scheduled { known_tables(&mut tx, tenant, row).await? } else { BTreeMap::new() };
    drop(tx);
    let kind = source.config.kind().as_str();
    if kind != row.source {
        return Err(SourceError::Refused(format!(
            "the job was to read {}, and the tenant's source is {kind} by now: start a new one",
            row.source
        )));
    }
    let key = credentials(ingestion, &source)?;
    let today = Utc::now().with_timezone(&source.time_zone).date_naive();
    let days = days(row, today, done);
    let patience = Patience { attempt: row.attempts + 1, ..ingestion.google.patience };
    let google = &ingestion.google.client;
    match source.config {
        SourceConfig::Bigquery(table) => Ok(Box::new(bigquery::BigQueryExport::new(bigquery::Order {
            client: google.bigquery(key, &table.project, table.location.as_deref()),
            project: table.project,
            dataset: table.dataset,
            days,
            today,
            wanted: bigquery::Wanted::of(settings),
            max_bytes_billed: table.max_bytes_billed,
            known,
            patience,
        }))),
        SourceConfig::DataApi(property) => Ok(Box::new(data_api::DataApi::new(data_api::Order {
            client: google.analytics(key, &property.property_id),
            days,
            today,
            zone: source.time_zone,
            settings: settings.clone(),
            patience,
        }))),
        SourceConfig::ExportFiles => Err(SourceError::Refused("files are not pulled".into())),
    }
}

fn credentials(
    ingestion: &Ingestion,
    source: &StoredSource,
) -> Result<std::sync::Arc<google::ServiceAccountKey>, SourceError> {
    let access = &ingestion.google;
    let grant = source.config.grant().ok_or_else(|| SourceError::Refused("files need no key".into()))?;
    source::credentials(&access.settings, &access.sealer, source, &grant).map_err(SourceError::Refused)
}

/// The days left, newest first. Tomorrow may have begun for some of GA4's servers; nothing is there of later days.
fn days(row: &JobRow, today: NaiveDate, done: &[NaiveDate]) -> Vec<NaiveDate> {
    let Some((from, to)) = row.range().filter(|_| row.wants("events")) else { return Vec::new() };
    let last = today.succ_opt().map_or(to, |tomorrow| tomorrow.min(to));
    let days = from.iter_days().take_while(|day| *day <= last).filter(|day| !done.contains(day));
    let mut days: Vec<NaiveDate> = days.collect();
    days.reverse();
    days
}

/// The tables that the days of the range were read from last.
async fn known_tables(
    tx: &mut TenantTx,
    tenant: TenantId,
    row: &JobRow,
) -> anyhow::Result<BTreeMap<NaiveDate, TableStamp>> {
    let Some((from, to)) = row.range() else { return Ok(BTreeMap::new()) };
    let rows = sqlx::query!(
        r#"select day, table_name as "name!", table_modified as "modified!" from ingested_days
           where tenant_id = $1 and day >= $2 and day <= $3 and source = 'bigquery'
               and table_name is not null and table_modified is not null"#,
        tenant.0,
        from,
        to,
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.day, TableStamp { name: row.name, modified: row.modified })).collect())
}
