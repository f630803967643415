//! The data service against a real PostgreSQL: one binary, a database per test.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod aggregates;
mod audit;
mod bqemulator;
mod crash;
mod data_api_scene;
mod emulator;
mod events;
mod fold_cases;
mod fold_locks;
mod fold_support;
mod fold_worlds;
mod fuzz;
mod hostile_workbooks;
mod import_lists;
mod jobs_api;
mod kill;
mod land_modes;
mod list_sources;
mod lists_whole;
mod malformed;
mod openapi;
mod people;
mod process;
mod pull;
mod pull_bigquery;
mod pull_data_api;
mod pull_faults;
mod real_days;
mod rebuild;
mod rejected_rows;
mod retry;
mod scene;
mod schedule;
mod sftp;
mod sftp_server;
mod source;
mod source_scene;
mod source_test;
mod stream;
mod support;
mod sweep;
mod traps;
mod users;
