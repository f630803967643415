//! The audit log: who did what to which thing from where. Append-only and chained by hashes, tenant by tenant.

use serde_json::Value;
use sqlx::PgConnection;

use super::Actor;
use crate::ids::TenantId;

/// Adds an entry in the transaction of what it tells of, so that neither is there without the other. To be called last in
/// it: the next entry of the tenant waits for its end.
///
/// `action` is a thing and a verb (`member.removed`), `target` what it was done to; `details` never hold a secret.
///
/// # Errors
/// The database is away.
pub async fn note(
    conn: &mut PgConnection,
    tenant: TenantId,
    actor: &Actor,
    action: &str,
    target: Option<&str>,
    details: Value,
) -> Result<(), sqlx::Error> {
    sqlx::query("select append_audit_entry($1, $2, $3, $4, $5, $6, $7)")
        .bind(tenant)
        .bind(actor.account_id)
        .bind(&actor.name)
        .bind(action)
        .bind(target)
        .bind(actor.ip.map(|ip| ip.to_string()))
        .bind(details)
        .execute(conn)
        .await
        .map(|_| ())
}
