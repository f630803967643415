//! Which keys a tenant has.

use chrono::{DateTime, Utc};
use common::ids::TenantId;
use sqlx::PgConnection;

/// A key without its secret, which nobody has any more but its holder.
#[derive(Debug, Clone)]
pub struct ApiKeyRow {
    pub name: String,
    /// The key's first characters.
    pub prefix: String,
    pub scopes: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub expires_at: Option<DateTime<Utc>>,
    /// To the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
}

/// All keys of the tenant, newest first, those that no longer hold included.
///
/// # Errors
/// The database is away.
pub async fn list(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<ApiKeyRow>, sqlx::Error> {
    sqlx::query_as!(
        ApiKeyRow,
        "select name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at
         from api_keys where tenant_id = $1 order by created_at desc, api_key_id desc",
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await
}
