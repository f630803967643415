//! From mapped events to committed days: encoding for COPY, the staging table, and the landing of one day.
//! Called by the ingestion worker.

mod encode;
mod land;
mod staging;

pub use encode::{TRAILER, encode_event, header};
pub use land::{DayOutcome, LandError, Landing, land_day};
pub use staging::copy_staged;
