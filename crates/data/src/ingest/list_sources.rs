//! The lists of users and locations that a job fetches from where the tenant's source says: a BigQuery table or an SFTP
//! folder. Fetched whole before anything is written, and taken in like an uploaded list.

use std::path::Path;
use std::time::Duration;

use common::db::TenantTx;
use common::ids::TenantId;
use google::{GoogleError, Query, Rows};

use super::job::JobRow;
use super::land::Landed;
use super::spool::JobFolder;
use super::work::Ingestion;
use crate::dimensions::list_source::{ListSource, SftpSource, TableSource};
use crate::dimensions::sftp::{self, SftpError};
use crate::dimensions::{ListFormat, ListMode, ListOptions, ListOutcome, OnError, TableRows, TakeError, take_list};
use crate::source::grants::Grant;
use crate::source::{self, ListOf, SourceConfig, StoredList, StoredSource};
use crate::sources::{Patience, SourceError};

/// More is not billed for reading a list, where the source sets no limit of its own: 1 GiB.
const USUAL_BYTES_BILLED: u64 = 1 << 30;

/// For the connection to an SFTP server.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// The longest silence of one.
const SILENT_FOR: Duration = Duration::from_secs(60);

/// Lists that a job is to fetch.
pub struct ListSources<'a> {
    ingestion: &'a Ingestion,
    tenant: TenantId,
    row: &'a JobRow,
    source: StoredSource,
    lists: Vec<(ListOf, StoredList)>,
}

impl<'a> ListSources<'a> {
    /// Those that the job wants and that are fetched from somewhere.
    ///
    /// # Errors
    /// The database is away.
    pub async fn of(ingestion: &'a Ingestion, tenant: TenantId, row: &'a JobRow) -> anyhow::Result<Self> {
        let mut tx = TenantTx::begin(&ingestion.pool, tenant).await?;
        let source = source::load(tx.conn(), tenant).await?;
        let fetches = matches!(row.origin.as_str(), "folder" | "pull");
        let lists = [ListOf::Users, ListOf::Locations]
            .into_iter()
            .filter(|of| fetches && row.wants(of.field()))
            .filter_map(|of| Some((of, source.list(of)?.clone())))
            .collect();
        Ok(Self { ingestion, tenant, row, source, lists })
    }

    /// Nothing is fetched.
    pub fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    /// Fetches and takes them in. Done again by a resumed job, it changes nothing.
    ///
    /// # Errors
    /// A list cannot be fetched, or is no list.
    pub async fn take(&self, folder: &JobFolder, landed: &mut Landed) -> Result<(), SourceError> {
        for (of, list) in &self.lists {
            let path = folder.list_file(of.field())?;
            let (format, name) = match &list.source {
                ListSource::Bigquery(table) => {
                    self.read_table(table, &path).await?;
                    (ListFormat::TableRows, format!("{}.{}.{}", table.project, table.dataset, table.table))
                }
                ListSource::Sftp(server) => (ListFormat::File, self.fetch_file(server, list, &path).await?),
            };
            // Nobody is there to mend a line at night: the others are taken, and the job says which was not.
            let options = ListOptions { mode: ListMode::Merge, on_error: OnError::Skip, dry_run: false };
            let taken = take_list(&self.ingestion.pool, self.tenant, of.kind(), &path, format, options).await;
            let outcome = taken.map_err(|error| refusal(*of, &name, error))?;
            note(*of, &name, &outcome, landed);
        }
        Ok(())
    }

    async fn read_table(&self, table: &TableSource, into: &Path) -> Result<(), SourceError> {
        let patience = Patience { attempt: self.row.attempts + 1, ..self.ingestion.google.patience };
        let access = &self.ingestion.google;
        let grant = Grant::bigquery(&table.project, &table.dataset);
        let key = source::credentials(&access.settings, &access.sealer, &self.source, &grant)
            .map_err(SourceError::Refused)?;
        let (location, most) = place_and_price(&self.source.config);
        let client = access.client.bigquery(key, &table.project, location);
        let read = async {
            let Some(info) = client.table(&table.project, &table.dataset, &table.table).await? else {
                return Err(GoogleError::NotFound(format!("there is no table {}", table.table)));
            };
            let names: Vec<String> = info.schema.iter().map(|field| field.name.clone()).collect();
            Ok((client.query(&whole_table(table, &names, Some(most))).await?, names))
        };
        let (rows, names) = read.await.map_err(|error| patience.judge(error))?;
        write_rows(rows, &names, into, &patience).await
    }

    /// Answers the file's name.
    async fn fetch_file(&self, server: &SftpSource, list: &StoredList, into: &Path) -> Result<String, SourceError> {
        let access = &self.ingestion.google;
        let secret = list.secret(&access.sealer, self.tenant).map_err(SourceError::Refused)?;
        let mut tx = TenantTx::begin(&self.ingestion.pool, self.tenant).await.map_err(anyhow::Error::from)?;
        let quota = sqlx::query_scalar!("select upload_quota_bytes from tenants where tenant_id = $1", self.tenant.0)
            .fetch_one(tx.conn())
            .await
            .map_err(anyhow::Error::from)?;
        drop(tx);
        let limits = sftp::Limits {
            allow_private: self.ingestion.allow_private_addresses,
            connect: CONNECT_WITHIN,
            idle: SILENT_FOR,
            most_bytes: u64::try_from(quota).unwrap_or_default(),
        };
        let patience = Patience { attempt: self.row.attempts + 1, ..access.patience };
        match sftp::fetch(server, &secret, &limits, into).await {
            Ok(file) => Ok(file.name),
            Err(SftpError::Refused(reason)) => Err(SourceError::Refused(format!("{}: {reason}", server.host))),
            Err(SftpError::Failed(reason)) => Err(patience.again(format!("{}: {reason}", server.host))),
            Err(SftpError::Io(error)) => {
                Err(SourceError::Failed(anyhow::Error::new(error).context("cannot write a list under DATA_ROOT")))
            }
        }
    }
}

/// Where a list's table is read, as far as it has to be said, and what reading it may be billed for, in bytes.
pub(crate) fn place_and_price(config: &SourceConfig) -> (Option<&str>, u64) {
    match config {
        SourceConfig::Bigquery(export) => (export.location.as_deref(), export.max_bytes_billed),
        SourceConfig::ExportFiles | SourceConfig::DataApi(_) => (None, USUAL_BYTES_BILLED),
    }
}

/// The query of a list's table.
pub(crate) fn whole_table(table: &TableSource, names: &[String], max_bytes_billed: Option<u64>) -> Query {
    let TableSource { project, dataset, table } = table;
    let columns: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    let sql = format!("select {}\nfrom `{project}.{dataset}.{table}`", columns.join(", "));
    Query { sql, parameters: vec![], max_bytes_billed }
}

/// A column as it stands in a query. People name their columns with blanks and umlauts.
fn quoted(name: &str) -> String {
    let plain =
        name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !name.starts_with(|c: char| c.is_ascii_digit());
    if plain { name.to_owned() } else { format!("`{}`", name.replace('`', "")) }
}

async fn write_rows(mut rows: Rows, names: &[String], into: &Path, patience: &Patience) -> Result<(), SourceError> {
    let mut file = TableRows::create(into, names)?;
    while let Some(page) = rows.next_page().await.map_err(|error| patience.judge(error))? {
        let written = tokio::task::spawn_blocking(move || {
            let written = page.for_each(|json| file.row(json));
            (file, written)
        });
        let result;
        (file, result) = written.await.map_err(anyhow::Error::from)?;
        result.map_err(|error| patience.judge(error))??;
    }
    file.finish()?;
    Ok(())
}

/// Why the list is not taken, for the person who reads the job.
fn refusal(of: ListOf, name: &str, error: TakeError) -> SourceError {
    match error {
        TakeError::Refused(reason) => SourceError::Refused(format!("{}: {name}: {reason}", of.field())),
        TakeError::Lines(rejected) => {
            SourceError::Refused(format!("{}: {name}: {} lines are not good", of.field(), rejected.lines))
        }
        TakeError::Database(error) => SourceError::Failed(error.into()),
        TakeError::Other(error) => SourceError::Failed(error),
    }
}

fn note(of: ListOf, name: &str, outcome: &ListOutcome, landed: &mut Landed) {
    landed.add(&format!("{}_processed", of.field()), outcome.rows - outcome.rejected.lines);
    if let Some(first) = outcome.rejected.named.first() {
        landed.warnings.push(format!(
            "{}: {name}: {} lines were not taken; the first one, line {}: {}",
            of.field(),
            outcome.rejected.lines,
            first.line,
            first.reason()
        ));
    }
}
