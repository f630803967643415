//! The data service against a real PostgreSQL: one binary, a database per test.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod bqemulator;
mod crash;
mod emulator;
mod events;
mod fold_support;
mod fold_worlds;
mod fuzz;
mod import_lists;
mod jobs_api;
mod kill;
mod land_modes;
mod malformed;
mod openapi;
mod people;
mod process;
mod real_days;
mod rebuild;
mod rejected_rows;
mod retry;
mod scene;
mod schedule;
mod source;
mod source_scene;
mod source_test;
mod stream;
mod support;
mod sweep;
mod traps;
