//! The lists of users and locations that a job fetches from where the tenant's source says: a BigQuery table or an SFTP
//! folder. Fetched whole before anything is written, and taken in like an uploaded list.

use std::path::Path;

use common::db::TenantTx;
use common::ids::TenantId;
use google::{GoogleError, Query, Rows};

use super::job::JobRow;
use super::land::Landed;
use super::spool::JobFolder;
use super::work::Ingestion;
use crate::dimensions::list_source::{ListSource, SftpSource, TableSource};
use crate::dimensions::{
    ListFormat, ListKind, ListMode, ListOptions, ListOutcome, OnError, TableRows, TakeError, take_list,
};
use crate::source::grants::Grant;
use crate::source::{self, ListOf, SourceConfig, StoredList, StoredSource};
use crate::sources::{Patience, SourceError};

/// More is not billed for reading a list, where the source sets no limit of its own: 1 GiB.
const USUAL_BYTES_BILLED: u64 = 1 << 30;

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
            let kind = match of {
                ListOf::Users => ListKind::Users,
                ListOf::Locations => ListKind::Locations,
            };
            // Nobody is there to mend a line at night: the others are taken, and the job says which was not.
            let options = ListOptions { mode: ListMode::Merge, on_error: OnError::Skip, dry_run: false };
            let taken = take_list(&self.ingestion.pool, self.tenant, kind, &path, format, options).await;
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
        let (location, most) = match &self.source.config {
            SourceConfig::Bigquery(export) => (export.location.as_deref(), export.max_bytes_billed),
            _ => (None, USUAL_BYTES_BILLED),
        };
        let client = access.client.bigquery(key, &table.project, location);
        let read = async {
            let Some(info) = client.table(&table.project, &table.dataset, &table.table).await? else {
                return Err(GoogleError::NotFound(format!("there is no table {}", table.table)));
            };
            let names: Vec<String> = info.schema.iter().map(|field| field.name.clone()).collect();
            let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let sql =
                format!("select {}\nfrom `{}.{}.{}`", quoted.join(", "), table.project, table.dataset, table.table);
            let query = Query { sql, parameters: vec![], max_bytes_billed: Some(most) };
            Ok((client.query(&query).await?, names))
        };
        let (rows, names) = read.await.map_err(|error| patience.judge(error))?;
        write_rows(rows, &names, into, &patience).await
    }

    /// Answers the file's name.
    async fn fetch_file(&self, server: &SftpSource, list: &StoredList, into: &Path) -> Result<String, SourceError> {
        let secret = list.secret(&self.ingestion.google.sealer, self.tenant).map_err(SourceError::Refused)?;
        let _ = (server, secret, into);
        Err(SourceError::Refused("SFTP".into()))
    }
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
