//! The data service against a real PostgreSQL: one binary, a database per test.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod crash;
mod hostile_workbooks;
mod import_lists;
mod jobs_api;
mod kill;
mod land_modes;
mod lists_whole;
mod malformed;
mod openapi;
mod people;
mod process;
mod real_days;
mod rebuild;
mod support;
mod sweep;
mod traps;
mod users;
