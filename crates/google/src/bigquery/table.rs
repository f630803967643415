//! What tables a dataset has, and what one of them holds.

use reqwest::StatusCode;
use serde::Deserialize;

use super::schema::{Field, Schema};
use super::{BigQuery, parse};
use crate::GoogleError;
use crate::call::Failure;

/// A table without its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableInfo {
    /// its fields, in order
    pub schema: Vec<Field>,
    /// when its rows or its schema last changed, milliseconds since 1970
    pub modified_ms: i64,
    /// how many rows it has, without those in a streaming buffer
    pub rows: u64,
    /// how large it is, without the streaming buffer
    pub bytes: u64,
    /// whether rows are in a streaming buffer: then `modified_ms` does not tell each change
    pub streaming: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    schema: Option<Schema>,
    #[serde(default)]
    last_modified_time: String,
    #[serde(default)]
    num_rows: String,
    #[serde(default)]
    num_bytes: String,
    streaming_buffer: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListAnswer {
    #[serde(default)]
    tables: Vec<Listed>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    table_reference: Reference,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    table_id: String,
}

/// As many as BigQuery gives in one answer.
const LIST_PAGE: &str = "1000";

impl BigQuery {
    /// A table's schema, size and time of its last change; `None` where the dataset has no such table.
    ///
    /// # Errors
    /// [`GoogleError::NotFound`] when it is the dataset or the project that is not there; else any [`GoogleError`].
    pub async fn table(&self, project: &str, dataset: &str, table: &str) -> Result<Option<TableInfo>, GoogleError> {
        let what = format!("reading the schema of `{project}.{dataset}.{table}`");
        let mut url = self.url(&[project, "datasets", dataset, "tables", table])?;
        url.query_pairs_mut().append_pair("fields", "schema,lastModifiedTime,numRows,numBytes,streamingBuffer");
        let body = match self.read(url, &what).await {
            Ok(body) => body,
            Err(failure) if is_missing_table(&failure) => return Ok(None),
            Err(failure) => return Err(failure.error),
        };
        let answer: Answer = parse(&body, &what)?;
        Ok(Some(TableInfo {
            schema: answer.schema.map(|schema| schema.fields).unwrap_or_default(),
            modified_ms: answer
                .last_modified_time
                .parse()
                .map_err(|_| super::broken(&what, "it does not say when the table was last modified"))?,
            rows: answer.num_rows.parse().unwrap_or_default(),
            bytes: answer.num_bytes.parse().unwrap_or_default(),
            streaming: answer.streaming_buffer.is_some(),
        }))
    }

    /// The names of a dataset's tables.
    ///
    /// # Errors
    /// Any [`GoogleError`].
    pub async fn tables(&self, project: &str, dataset: &str) -> Result<Vec<String>, GoogleError> {
        let what = format!("listing the tables of `{project}.{dataset}`");
        let mut names = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut url = self.url(&[project, "datasets", dataset, "tables"])?;
            url.query_pairs_mut().append_pair("maxResults", LIST_PAGE);
            if let Some(token) = &token {
                url.query_pairs_mut().append_pair("pageToken", token);
            }
            let answer: ListAnswer = parse(&self.read(url, &what).await?, &what)?;
            names.extend(answer.tables.into_iter().map(|listed| listed.table_reference.table_id));
            match answer.next_page_token.filter(|next| !next.is_empty()) {
                None => return Ok(names),
                next if next == token => return Err(super::broken(&what, "its pages never end")),
                next => token = next,
            }
        }
    }
}

/// "Not found: Table p:d.t", and not "Not found: Dataset p:d", which is a mistake in the settings.
fn is_missing_table(failure: &Failure) -> bool {
    failure.refusal.as_ref().is_some_and(|refusal| {
        refusal.status == StatusCode::NOT_FOUND
            && refusal.json
            && refusal.message.to_ascii_lowercase().contains("not found: table")
    })
}
