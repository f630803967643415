//! Ending a key.

use common::ids::TenantId;
use sqlx::PgConnection;

/// Revokes the key with this prefix; answers its name, or none when the tenant has no such key. A key that was revoked
/// before stays revoked since then. Takes effect on all services within a second.
///
/// # Errors
/// The database is away.
pub async fn revoke(conn: &mut PgConnection, tenant: TenantId, prefix: &str) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar!(
        "update api_keys set revoked_at = coalesce(revoked_at, now())
         where tenant_id = $1 and prefix = $2 returning name",
        tenant.uuid(),
        prefix,
    )
    .fetch_optional(conn)
    .await
}
