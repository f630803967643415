//! Whether the schema is what this build needs: asked at start and by /health/ready.

use sqlx::PgPool;

use super::{FunctionState, SchemaError, status};

/// Compares migrations and functions with what is embedded.
///
/// A schema ahead of this build passes: during a rolling upgrade old services go on beside new ones, and so does a
/// function with a higher version than ours.
///
/// # Errors
/// One line that says what is behind and what to run.
pub async fn check(pool: &PgPool) -> Result<(), SchemaError> {
    let schema = status(pool).await?;
    if schema.version == 0 {
        return Err(SchemaError::Missing);
    }
    if schema.version < schema.needed {
        return Err(SchemaError::Behind { found: schema.version, needed: schema.needed });
    }
    let stale: Vec<String> = schema
        .functions
        .into_iter()
        .filter(|function| match function.state {
            FunctionState::Current | FunctionState::Unknown => false,
            FunctionState::Missing => true,
            FunctionState::Differs => function.applied_version <= function.embedded_version,
        })
        .map(|function| function.name)
        .collect();
    if stale.is_empty() { Ok(()) } else { Err(SchemaError::Functions(stale)) }
}
