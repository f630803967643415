//! data-service (port 8002): what happened. Takes GA4's events, users and branches in, and keeps visits and roll-ups right.

pub mod availability;
pub mod cli;
pub mod demo;
pub mod dimensions;
pub mod events;
pub mod ga4;
pub mod ingest;
pub mod load;
pub mod rejected;
mod routes;
pub mod serve;
pub mod source;
pub mod sources;
pub mod state;

pub use routes::{META, document, router};
