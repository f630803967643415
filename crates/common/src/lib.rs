//! Plumbing the three services share: configuration, database, HTTP, authentication, jobs, logs. Nothing of the domain.

pub mod auth;
pub mod config;
pub mod days;
pub mod db;
pub mod http;
pub mod ids;
pub mod jobs;
pub mod lifecycle;
pub mod outgoing;
pub mod report;
pub mod schedule;
pub mod secrets;
pub mod telemetry;
pub mod tenants;
