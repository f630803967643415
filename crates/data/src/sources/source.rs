//! The trait that every source of event rows implements, and what can go wrong with one.

use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};

use super::export_files::FileError;
use super::sink::{Counters, Sink};

/// A piece of a job that is read, landed and resumed by itself: a day of an API, or all files of a folder at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// Names the unit's folder; unique within the job, letters, digits and `_` only.
    pub name: String,
    /// The one day it holds; none where only reading tells.
    pub day: Option<NaiveDate>,
}

impl Unit {
    /// The unit of one day.
    pub fn of_day(day: NaiveDate) -> Self {
        Self { name: day.format("%Y%m%d").to_string(), day: Some(day) }
    }
}

/// What a source is given beside the unit.
#[derive(Debug, Clone)]
pub struct Context {
    /// A folder of the unit's own that outlives an attempt: what is expensive to ask for again can be kept there.
    pub scratch: PathBuf,
    /// How far the reading is, and whether it is to stop.
    pub counters: Arc<Counters>,
}

/// Where event rows come from.
#[async_trait]
pub trait Source: Send + Sync {
    /// What there is to read, in the order in which it is to land: newest day first. An empty answer means that there is
    /// nothing at all.
    ///
    /// # Errors
    /// The source cannot be asked.
    async fn units(&self) -> Result<Vec<Unit>, SourceError>;

    /// Reads a unit into the sink and gives it back.
    ///
    /// # Errors
    /// With any error nothing of the unit lands. Rows that are no rows are the sink's business and no error.
    async fn read(&self, unit: &Unit, context: &Context, sink: Sink) -> Result<Sink, SourceError>;

    /// Bytes that reading everything will take, by the source's own estimate; 0 when it has none.
    fn bytes_expected(&self) -> u64 {
        0
    }

    /// Said when there is nothing to read.
    fn nothing(&self) -> String;
}

/// Why a source did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// For good, and why, for the person who reads the job.
    #[error("{0}")]
    Refused(String),
    /// Not before then: a quota is used up, or (a `fault`, of which there may not be too many) Google does not answer. The job
    /// goes on where it stopped.
    #[error("{reason}")]
    Wait { until: DateTime<Utc>, reason: String, fault: bool },
    /// The caller ended the reading.
    #[error("stopped")]
    Stopped,
    /// It may pass; trying again helps.
    #[error(transparent)]
    Failed(#[from] anyhow::Error),
}

impl From<FileError> for SourceError {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Refused(reason) => Self::Refused(reason),
            FileError::Stopped => Self::Stopped,
            FileError::Io(error) => Self::Failed(error),
        }
    }
}
