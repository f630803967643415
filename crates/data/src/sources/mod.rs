//! Where a tenant's rows come from. A source turns what it reads into JSON rows for the one mapping in `ga4`, and hands
//! them to a [`Sink`]; it knows nothing of jobs or of what becomes of the rows. Called by the ingestion worker.

pub mod bigquery;
pub mod data_api;
mod day_files;
pub mod export_files;
mod patience;
mod rejected;
mod sink;
mod source;
mod warning;

pub use day_files::day_file;
pub use patience::Patience;
pub use rejected::{CUT, RejectedRow, cut};
pub use sink::{Counters, DayReport, Found, LISTS, Parsed, REJECTED, Sink, SinkOrder, TableStamp, Without};
pub use source::{Context, Source, SourceError, Unit};
pub use warning::Warning;
