//! Tests of the schema's set-up, the tenancy walls and the job queue, against a real PostgreSQL.

mod jobs;
mod owners;
mod schema;
mod support;
mod tenant_context;
mod walls;
