//! Why the schema could not be set up or does not fit this build, in one line that says what to do.

use sqlx::migrate::MigrateError;

/// A schema that is not as needed.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    #[error("the database does not answer as expected")]
    Database(#[from] sqlx::Error),
    #[error("a migration failed")]
    Migration(#[from] MigrateError),
    #[error("the job queue's schema failed: {0}")]
    Queue(#[from] crate::jobs::JobsError),
    #[error("the schema has never been set up here: run `make db_setup`")]
    Missing,
    #[error("schema is at {found}, this build needs {needed}: run `make db_setup`")]
    Behind { found: i64, needed: i64 },
    #[error("SQL functions differ from this build ({}): run `make db_setup`", .0.join(", "))]
    Functions(Vec<String>),
    #[error("functions changed without a new `-- version:` line: {}", .0.join(", "))]
    Unversioned(Vec<String>),
    #[error("function {name} was refused: {source}")]
    Function { name: &'static str, source: sqlx::Error },
    #[error("the role {owner} may not {lacks}. Have a database administrator run this line, then try again:\n  {sql}")]
    NeedsAdministrator { owner: String, lacks: &'static str, sql: String },
    #[error("another set-up has held the lock for {0} seconds")]
    Locked(u64),
    #[error("`db clean` is refused in PROD")]
    CleanInProd,
}
