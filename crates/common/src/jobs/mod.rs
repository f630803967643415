//! Background work that survives a crash: the one place that knows which queue library is underneath.
//!
//! A job is enqueued in the transaction that makes it necessary and is run at least once by some worker, so handlers
//! are idempotent. Queue tables hold ids and a kind, nothing of a tenant's data.

mod enqueue;
mod error;
mod handlers;
mod install;
mod worker;

pub use enqueue::{enqueue, enqueue_at};
pub use error::JobsError;
pub use handlers::{Attempt, Handlers, Job};
pub use install::{check, install};
pub use worker::{WorkerOptions, run_worker};

/// The database schema of the queue.
pub const SCHEMA: &str = "jobs";
