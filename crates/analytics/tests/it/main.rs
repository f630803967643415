//! The analytics service against a database of its own, filled by hand: expected values stand in the tests as literals.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod completion;
mod dashboard;
mod email;
mod history;
mod jobs;
mod lists;
mod openapi;
mod oracle;
mod params;
mod plpgsql;
mod search;
mod support;
mod tenancy;
mod walking;
