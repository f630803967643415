//! Tables, their descriptions and lists of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use chrono::Utc;
use serde_json::{Value, json};

use super::column::widen;
use super::{Column, export_schema};
use crate::google::Call;
use crate::google::literals::{Answer, Refused};
use crate::google::server::FakeGoogle;

/// What makes the rows of a table that is too large to hold.
pub(super) type Make = Arc<dyn Fn(u64) -> Value + Send + Sync>;

/// A table as a test puts it there.
#[derive(Clone)]
pub struct Table {
    pub(super) columns: Arc<[Column]>,
    pub(super) rows: Rows,
    pub(super) modified_ms: i64,
    pub(super) bytes: u64,
    streaming: bool,
}

#[derive(Clone)]
pub(super) enum Rows {
    Held(Arc<Vec<Value>>),
    Made(u64, Make),
    /// those of another table that have these numbers
    Picked(Box<Rows>, Arc<[u64]>),
}

impl Table {
    /// An events shard with all columns of a GA4 export, and whatever else the rows hold.
    #[must_use]
    pub fn export(rows: Vec<Value>) -> Self {
        Self::with_columns(export_schema(), rows)
    }

    /// A table of these columns, and whatever else the rows (in the shape of a `bq extract`) hold.
    #[must_use]
    pub fn with_columns(mut columns: Vec<Column>, rows: Vec<Value>) -> Self {
        for row in &rows {
            widen(&mut columns, row);
        }
        let bytes = rows.iter().map(|row| row.to_string().len() as u64).sum();
        Self::of(columns, Rows::Held(Arc::new(rows)), bytes)
    }

    /// A table of `count` rows that are made when they are asked for.
    #[must_use]
    pub fn made(columns: Vec<Column>, count: u64, row: impl Fn(u64) -> Value + Send + Sync + 'static) -> Self {
        Self::of(columns, Rows::Made(count, Arc::new(row)), count * 1000)
    }

    fn of(columns: Vec<Column>, rows: Rows, bytes: u64) -> Self {
        Self { columns: columns.into(), rows, modified_ms: Utc::now().timestamp_millis(), bytes, streaming: false }
    }

    /// The same table, said to have changed at this time (milliseconds since 1970).
    #[must_use]
    pub fn modified(self, modified_ms: i64) -> Self {
        Self { modified_ms, ..self }
    }

    /// The same table, said to be this large.
    #[must_use]
    pub fn bytes(self, bytes: u64) -> Self {
        Self { bytes, ..self }
    }

    /// The same table with a streaming buffer.
    #[must_use]
    pub fn streaming(self) -> Self {
        Self { streaming: true, ..self }
    }

    /// The same table without a top-level column, as shards from before its invention are.
    #[must_use]
    pub fn without_column(self, name: &str) -> Self {
        Self { columns: self.columns.iter().filter(|column| column.name != name).cloned().collect(), ..self }
    }
}

impl fmt::Debug for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("columns", &self.columns.len())
            .field("rows", &self.rows.len())
            .finish_non_exhaustive()
    }
}

impl Rows {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Held(rows) => rows.len() as u64,
            Self::Made(count, _) => *count,
            Self::Picked(_, numbers) => numbers.len() as u64,
        }
    }

    /// A row by its number, which has to be below [`Rows::len`].
    pub(super) fn row(&self, number: u64) -> Value {
        match self {
            Self::Held(rows) => rows[usize::try_from(number).expect("a row's number")].clone(),
            Self::Made(_, make) => make(number),
            Self::Picked(rows, numbers) => rows.row(numbers[usize::try_from(number).expect("a row's number")]),
        }
    }

    /// The rows that are asked for. What a query's answer keeps is their numbers, however often it is asked.
    pub(super) fn pick(&self, takes: impl Fn(&Value) -> bool) -> Self {
        let numbers = match self {
            Self::Held(rows) => {
                (0..).zip(rows.iter()).filter(|(_, row)| takes(row)).map(|(number, _)| number).collect()
            }
            _ => (0..self.len()).filter(|number| takes(&self.row(*number))).collect(),
        };
        Self::Picked(Box::new(self.clone()), numbers)
    }
}

type Name = (String, String);

/// All tables. A dataset that once had one stays when it is empty.
#[derive(Default)]
pub(in crate::google) struct Tables {
    datasets: BTreeSet<Name>,
    tables: BTreeMap<(Name, String), Table>,
}

impl FakeGoogle {
    /// Puts a table there, in place of one of its name.
    pub fn put_table(&self, project: &str, dataset: &str, table: &str, content: Table) {
        self.put_dataset(project, dataset);
        let name = ((project.to_owned(), dataset.to_owned()), table.to_owned());
        self.known().tables.tables.insert(name, content);
    }

    /// Puts an empty dataset there.
    pub fn put_dataset(&self, project: &str, dataset: &str) {
        self.known().tables.datasets.insert((project.to_owned(), dataset.to_owned()));
    }

    /// Takes a table away.
    pub fn drop_table(&self, project: &str, dataset: &str, table: &str) {
        let name = ((project.to_owned(), dataset.to_owned()), table.to_owned());
        self.known().tables.tables.remove(&name);
    }
}

impl Tables {
    /// A table, or Google's words for what of its name is not there.
    pub(super) fn find(&self, project: &str, dataset: &str, table: &str, place: &str) -> Result<&Table, Refused> {
        let name = (project.to_owned(), dataset.to_owned());
        if !self.datasets.contains(&name) {
            return Err(missing(&format!("Not found: Dataset {project}:{dataset}{place}")));
        }
        self.tables
            .get(&(name, table.to_owned()))
            .ok_or_else(|| missing(&format!("Not found: Table {project}:{dataset}.{table}{place}")))
    }
}

pub(super) fn missing(message: &str) -> Refused {
    Refused::bigquery(404, "notFound", "NOT_FOUND", message)
}

pub(in crate::google) fn describe(tables: &Tables, project: &str, dataset: &str, name: &str) -> Answer {
    let table = tables.find(project, dataset, name, "")?;
    let fields: Vec<Value> = table.columns.iter().map(Column::json).collect();
    let mut answer = json!({
        "kind": "bigquery#table",
        "id": format!("{project}:{dataset}.{name}"),
        "tableReference": { "projectId": project, "datasetId": dataset, "tableId": name },
        "schema": { "fields": fields },
        "type": "TABLE",
        "lastModifiedTime": table.modified_ms.to_string(),
        "numRows": table.rows.len().to_string(),
        "numBytes": table.bytes.to_string(),
    });
    if table.streaming {
        answer["streamingBuffer"] = json!({ "estimatedRows": "10", "estimatedBytes": "1000", "oldestEntryTime": table.modified_ms.to_string() });
    }
    Ok(answer)
}

pub(in crate::google) fn list(tables: &Tables, project: &str, dataset: &str, call: &Call) -> Answer {
    let name = (project.to_owned(), dataset.to_owned());
    if !tables.datasets.contains(&name) {
        return Err(missing(&format!("Not found: Dataset {project}:{dataset}")));
    }
    let number = |name: &str| call.parameter(name).and_then(|text| text.parse::<usize>().ok());
    let (from, limit) = (number("pageToken").unwrap_or(0), number("maxResults").unwrap_or(50));
    let all: Vec<&String> = tables.tables.keys().filter(|(of, _)| *of == name).map(|(_, table)| table).collect();
    let page = all.iter().skip(from).take(limit).map(|table| {
        json!({
            "kind": "bigquery#table",
            "tableReference": { "projectId": project, "datasetId": dataset, "tableId": table },
            "type": "TABLE",
        })
    });
    let mut answer = json!({ "kind": "bigquery#tableList", "totalItems": all.len() });
    let page: Vec<Value> = page.collect();
    // Google leaves the list out when there is nothing in it.
    if !page.is_empty() {
        answer["tables"] = page.into();
    }
    if from + limit < all.len() {
        answer["nextPageToken"] = json!((from + limit).to_string());
    }
    Ok(answer)
}
