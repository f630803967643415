//! The dashboard: figures of a range of days, a chart of it, and the same per branch.

mod get;
mod query;
mod repository;
mod view;

pub(crate) use get::{__path_get_stats, get_stats};
