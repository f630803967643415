//! The schema: migrations and functions embedded in every binary. `setup` applies them as the owner; services only check.

mod check;
mod clean;
mod database;
mod error;
mod functions;
mod lock;
mod roles;
mod setup;
mod status;

use sha2::{Digest, Sha256};
use sqlx::migrate::Migrator;

pub use check::check;
pub use clean::clean;
pub use error::SchemaError;
pub use functions::{FUNCTIONS, FunctionSource};
pub use setup::{SetupReport, setup, setup_in};
pub use status::{FunctionState, FunctionStatus, SchemaStatus, status};

/// Tables, constraints, indexes and policies, forward only.
pub static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations");

/// Names this build's schema: the same for the same migrations and functions, whatever the build.
#[must_use]
pub fn fingerprint() -> String {
    let mut hash = Sha256::new();
    for migration in MIGRATIONS.iter() {
        hash.update(migration.version.to_be_bytes());
        hash.update(&migration.checksum);
    }
    for function in FUNCTIONS {
        hash.update(function.name);
        hash.update(function.checksum);
    }
    hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The version this build needs: its newest migration; 0 for none.
#[must_use]
pub fn newest_migration() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default()
}
