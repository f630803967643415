//! SQL functions, one a file under sql/functions: applied together where their text differs from what the catalogue knows.

use sqlx::{AssertSqlSafe, PgConnection};

use super::{SchemaError, status::applied_functions};
use crate::config::Environment;

/// One function file as it is embedded.
#[derive(Debug, Clone, Copy)]
pub struct FunctionSource {
    /// The file's name without `.sql`, which is the function's name.
    pub name: &'static str,
    /// From its `-- version: N` line.
    pub version: i32,
    /// SHA-256 of the text, hexadecimal.
    pub checksum: &'static str,
    pub sql: &'static str,
}

/// Every file under sql/functions, sorted by path.
pub static FUNCTIONS: &[FunctionSource] = include!(concat!(env!("OUT_DIR"), "/functions.rs"));

/// Applies the files whose checksum differs from the catalogue, in one transaction. Returns their names.
///
/// # Errors
/// A text changed with its version unchanged (except in DEV), or the database refused one; then none is applied.
pub(super) async fn apply(
    owner: &mut PgConnection,
    environment: Environment,
) -> Result<Vec<&'static str>, SchemaError> {
    use sqlx::Connection;

    let mut tx = owner.begin().await?;
    let applied = applied_functions(&mut tx).await?;
    let changed: Vec<&FunctionSource> = FUNCTIONS
        .iter()
        .filter(|function| applied.get(function.name).is_none_or(|known| known.checksum != function.checksum))
        .collect();
    let unversioned: Vec<String> = changed
        .iter()
        .filter(|function| applied.get(function.name).is_some_and(|known| known.version == function.version))
        .map(|function| function.name.to_owned())
        .collect();
    if environment == Environment::Prod && !unversioned.is_empty() {
        return Err(SchemaError::Unversioned(unversioned));
    }
    // One function's body may name another's row type; the order of the files shall not matter.
    sqlx::query("set local check_function_bodies = off").execute(&mut *tx).await?;
    for FunctionSource { name, version, checksum, sql } in &changed {
        sqlx::raw_sql(AssertSqlSafe(*sql))
            .execute(&mut *tx)
            .await
            .map_err(|source| SchemaError::Function { name, source })?;
        sqlx::query(
            "insert into schema_functions (name, version, checksum) values ($1, $2, $3)
             on conflict (name) do update
                 set version = excluded.version, checksum = excluded.checksum, applied_at = now()",
        )
        .bind(name)
        .bind(version)
        .bind(checksum)
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(changed.iter().map(|function| function.name).collect())
}
