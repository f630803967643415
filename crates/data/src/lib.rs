//! data-service (port 8002): what happened. Takes GA4's events, users and branches in, and keeps visits and roll-ups right.

pub mod availability;
pub mod cli;
pub mod demo;
pub mod events;
pub mod ga4;
pub mod ingest;
pub mod load;
mod routes;
pub mod serve;
pub mod sources;
pub mod state;

pub use routes::{META, document, router};
