//! The stub's BigQuery: tables put there by the test, and queries answered without SQL: the table between the backticks,
//! the columns between `select` and `from`, the conditions that `condition` knows; rows in their order.

mod column;
mod condition;
mod encode;
mod export;
mod jobs;
mod select;
mod table;

pub use column::Column;
pub use export::export_schema;
pub(super) use jobs::{Jobs, cancel, query, results};
pub use table::Table;
pub(super) use table::{Tables, describe, list};
