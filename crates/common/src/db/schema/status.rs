//! What the database has of migrations and functions, beside what this build carries.

use std::collections::BTreeMap;

use serde::Serialize;
use sqlx::{PgConnection, PgPool};

use super::{FUNCTIONS, SchemaError, newest_migration};

/// The schema as found.
#[derive(Debug, Clone, Serialize)]
pub struct SchemaStatus {
    /// The newest applied migration; 0 for a database that was never set up.
    pub version: i64,
    /// The newest migration of this build.
    pub needed: i64,
    pub functions: Vec<FunctionStatus>,
}

/// One function: here, in the catalogue, or both.
#[derive(Debug, Clone, Serialize)]
pub struct FunctionStatus {
    pub name: String,
    pub applied_version: Option<i32>,
    pub embedded_version: Option<i32>,
    pub state: FunctionState,
}

/// How a function's text here and in the catalogue compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FunctionState {
    Current,
    Missing,
    Differs,
    /// In the catalogue and not in this build: an older or newer release's.
    Unknown,
}

/// A row of the catalogue.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct AppliedFunction {
    name: String,
    pub(super) version: i32,
    pub(super) checksum: String,
}

/// Compares the database with this build.
///
/// # Errors
/// The database does not answer.
pub async fn status(pool: &PgPool) -> Result<SchemaStatus, SchemaError> {
    let mut conn = pool.acquire().await?;
    let version = migration_version(&mut conn).await?.unwrap_or_default();
    let mut applied = if version == 0 { BTreeMap::new() } else { applied_functions(&mut conn).await? };
    let mut functions: Vec<FunctionStatus> = FUNCTIONS
        .iter()
        .map(|function| {
            let known = applied.remove(function.name);
            let state = match &known {
                None => FunctionState::Missing,
                Some(known) if known.checksum == function.checksum => FunctionState::Current,
                Some(_) => FunctionState::Differs,
            };
            FunctionStatus {
                name: function.name.to_owned(),
                applied_version: known.map(|known| known.version),
                embedded_version: Some(function.version),
                state,
            }
        })
        .collect();
    functions.extend(applied.into_values().map(|AppliedFunction { name, version, .. }| FunctionStatus {
        name,
        applied_version: Some(version),
        embedded_version: None,
        state: FunctionState::Unknown,
    }));
    Ok(SchemaStatus { version, needed: newest_migration(), functions })
}

/// The newest applied migration; `None` where the bookkeeping table does not exist.
pub(super) async fn migration_version(conn: &mut PgConnection) -> Result<Option<i64>, sqlx::Error> {
    let exists: bool =
        sqlx::query_scalar("select to_regclass('_sqlx_migrations') is not null").fetch_one(&mut *conn).await?;
    if !exists {
        return Ok(None);
    }
    sqlx::query_scalar("select max(version) from _sqlx_migrations where success").fetch_one(conn).await
}

pub(super) async fn applied_functions(
    conn: &mut PgConnection,
) -> Result<BTreeMap<String, AppliedFunction>, sqlx::Error> {
    let rows = sqlx::query_as::<_, AppliedFunction>("select name, version, checksum from schema_functions")
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|row| (row.name.clone(), row)).collect())
}
