//! The data service against a real PostgreSQL: one binary, a database per test.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod land_modes;
mod malformed;
mod real_days;
mod rebuild;
mod support;
mod traps;
