//! Tests of the schema's set-up, the tenancy walls and the job queue, against a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod access;
mod api_keys;
mod connections;
mod jobs;
mod logs;
mod owners;
mod schema;
mod support;
mod tenant_context;
mod walls;
mod walls_catalogue;
