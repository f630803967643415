//! analytics-service: what to do. The dashboard, the five task lists, and what a customer or a visit did.

mod history;
mod locations;
mod params;
mod routes;
mod scope;
mod stats;
mod tasks;

pub use routes::{META, app, document};
