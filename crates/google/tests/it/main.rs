//! The clients against the testkit's stub of Google, over real connections.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod cells;
mod errors;
mod keys;
mod queries;
mod random_cells;
mod reports;
mod retries;
mod support;
mod tables;
mod tokens;
