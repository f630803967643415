//! One page of a query's answer: its bytes as they came, and where each row is in them.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::job::JobReference;
use super::schema::{Field, Schema};
use super::{broken, decode};
use crate::GoogleError;
use crate::call::{Entry, Failure};

const WHAT: &str = "a query";

/// Some rows of a query. Holds them as Google sent them.
pub struct Page {
    body: Vec<u8>,
    rows: Vec<Range<usize>>,
    schema: Arc<[Field]>,
    before: u64,
}

/// An answer, taken apart as far as its rows, which stay text.
pub(super) struct Answer {
    pub(super) complete: bool,
    pub(super) job: Option<JobReference>,
    pub(super) schema: Option<Vec<Field>>,
    pub(super) total: Option<u64>,
    pub(super) next: Option<String>,
    pub(super) errors: Vec<Entry>,
    pub(super) rows: Vec<Range<usize>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'b> {
    #[serde(default)]
    job_complete: bool,
    job_reference: Option<JobReference>,
    schema: Option<Schema>,
    total_rows: Option<String>,
    page_token: Option<String>,
    #[serde(default)]
    errors: Vec<Entry>,
    #[serde(borrow)]
    rows: Option<Vec<&'b RawValue>>,
}

impl Answer {
    pub(super) fn read(body: &[u8]) -> Result<Self, Failure> {
        let wire: Wire<'_> = serde_json::from_slice(body).map_err(|error| broken(WHAT, &error.to_string()))?;
        let total = match wire.total_rows.map(|total| total.parse()) {
            None => None,
            Some(Ok(total)) => Some(total),
            Some(Err(_)) => return Err(broken(WHAT, "its `totalRows` is no number").into()),
        };
        let start = body.as_ptr().addr();
        let place = |row: &&RawValue| {
            let begin = row.get().as_ptr().addr() - start;
            begin..begin + row.get().len()
        };
        Ok(Self {
            complete: wire.job_complete,
            job: wire.job_reference,
            schema: wire.schema.map(|schema| schema.fields),
            total,
            next: wire.page_token.filter(|token| !token.is_empty()),
            errors: wire.errors,
            rows: wire.rows.unwrap_or_default().iter().map(place).collect(),
        })
    }
}

impl Page {
    pub(super) fn new(body: Vec<u8>, rows: Vec<Range<usize>>, schema: Arc<[Field]>, before: u64) -> Self {
        Self { body, rows, schema, before }
    }

    /// The page that a complete answer holds, as Google sent it.
    ///
    /// # Errors
    /// [`GoogleError::Broken`] when it is no answer, or one without a schema: not complete, or a failure.
    pub fn of_answer(body: Vec<u8>) -> Result<Self, GoogleError> {
        let Answer { complete, schema, rows, .. } = Answer::read(&body)?;
        let schema = schema.filter(|_| complete).ok_or_else(|| broken(WHAT, "it holds no page"))?;
        Ok(Self::new(body, rows, schema.into(), 0))
    }

    /// How many rows it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many bytes its answer had.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Hands each row to `row` as JSON text in the shape of a `bq extract`: INT64 as text, FLOAT64 as numbers, nulls left
    /// out. Stops at the first error of `row`, which is the inner one.
    ///
    /// # Errors
    /// [`GoogleError::Broken`] when a row does not fit the schema.
    pub fn for_each<E>(&self, mut row: impl FnMut(&[u8]) -> Result<(), E>) -> Result<Result<(), E>, GoogleError> {
        let mut text = Vec::with_capacity(8 << 10);
        for (place, number) in self.rows.iter().zip(self.before + 1..) {
            text.clear();
            decode::row(&self.schema, &self.body[place.clone()], &mut text)
                .map_err(|why| broken(WHAT, &format!("row {number}: {why}")))?;
            if let Err(error) = row(&text) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(()))
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Page").field("rows", &self.len()).field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}
