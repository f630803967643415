//! Extractors that report every fault of the input at once, as a problem.

mod faults;
mod json;
mod path;
mod query;
mod strict;

pub use json::{Json, JsonBytes};
pub use path::Path;
pub use query::Query;
