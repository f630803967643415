//! One page of a report: its bytes as they came, and where each row is in them.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::report::WireMetadata;
use super::{PropertyQuota, ReportMetadata, ReportRequest, wire};

/// A page of a report. Holds its rows as Google sent them.
pub struct Report {
    body: Vec<u8>,
    rows: Vec<Range<usize>>,
    /// rows of all pages
    pub row_count: u64,
    /// what Google says about the figures
    pub metadata: ReportMetadata,
    /// what is left of the property's allowances
    pub quota: Option<PropertyQuota>,
}

/// A row: values in the order of the request's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportRow<'p> {
    /// what the row is about
    pub dimensions: Vec<Cow<'p, str>>,
    /// its figures, as decimal texts
    pub metrics: Vec<Cow<'p, str>>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Wire<'b> {
    dimension_headers: Vec<Header>,
    metric_headers: Vec<Header>,
    #[serde(borrow)]
    rows: Vec<&'b RawValue>,
    #[serde(deserialize_with = "wire::int")]
    row_count: i64,
    metadata: WireMetadata,
    property_quota: Option<PropertyQuota>,
}

#[derive(Deserialize)]
struct Header {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row<'b> {
    #[serde(default, borrow)]
    dimension_values: Vec<Cell<'b>>,
    #[serde(default, borrow)]
    metric_values: Vec<Cell<'b>>,
}

#[derive(Deserialize)]
struct Cell<'b> {
    #[serde(default, borrow)]
    value: Cow<'b, str>,
}

impl Report {
    /// Takes an answer apart as far as its rows, each of which is held against the request.
    ///
    /// # Errors
    /// Why it is no answer to this request.
    pub(super) fn read(body: Vec<u8>, request: &ReportRequest) -> Result<Self, String> {
        let wire: Wire<'_> = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
        // An empty report has no headers either.
        let as_asked = |headers: &[Header], names: &[String]| {
            headers.iter().map(|header| &header.name).eq(names) || (headers.is_empty() && wire.rows.is_empty())
        };
        if !as_asked(&wire.dimension_headers, &request.dimensions) || !as_asked(&wire.metric_headers, &request.metrics)
        {
            return Err("its columns are not those that were asked for".into());
        }
        let row_count = u64::try_from(wire.row_count).map_err(|_| "its `rowCount` is negative")?;
        if row_count < request.offset + wire.rows.len() as u64 && !wire.rows.is_empty() {
            return Err("it holds more rows than it counts".into());
        }
        let start = body.as_ptr().addr();
        let mut rows = Vec::with_capacity(wire.rows.len());
        for text in &wire.rows {
            let row: Row<'_> = serde_json::from_str(text.get()).map_err(|error| error.to_string())?;
            if row.dimension_values.len() != request.dimensions.len()
                || row.metric_values.len() != request.metrics.len()
            {
                return Err("a row is cut short".into());
            }
            let begin = text.get().as_ptr().addr() - start;
            rows.push(begin..begin + text.get().len());
        }
        let (metadata, quota) = (wire.metadata.into(), wire.property_quota);
        Ok(Self { body, rows, row_count, metadata, quota })
    }

    /// How many rows the page has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Its rows, each read when it is asked for.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = ReportRow<'_>> {
        self.rows.iter().map(|place| {
            // It was read before; a row that cannot be read any more would be one without values.
            let row = serde_json::from_slice(&self.body[place.clone()]);
            let row = row.unwrap_or(Row { dimension_values: Vec::new(), metric_values: Vec::new() });
            ReportRow { dimensions: values(row.dimension_values), metrics: values(row.metric_values) }
        })
    }
}

fn values(cells: Vec<Cell<'_>>) -> Vec<Cow<'_, str>> {
    cells.into_iter().map(|cell| cell.value).collect()
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { body, rows, row_count, metadata, quota } = self;
        f.debug_struct("Report")
            .field("bytes", &body.len())
            .field("rows", &rows.len())
            .field("row_count", row_count)
            .field("metadata", metadata)
            .field("quota", quota)
            .finish()
    }
}
