//! The list of addresses that get no mail, for whoever sends or hears of bounces.

use common::ids::{AccountId, TenantId};
use sqlx::PgConnection;

use super::SuppressionReason;

/// Puts an address on the list; false where it is there already, for whatever reason: the first one stays. In a transaction
/// of the tenant. Whoever calls it writes the audit log.
///
/// # Errors
/// The database is away.
pub(crate) async fn suppress(
    conn: &mut PgConnection,
    tenant: TenantId,
    email: &str,
    reason: SuppressionReason,
    note: Option<&str>,
    by: Option<AccountId>,
) -> Result<bool, sqlx::Error> {
    let added = sqlx::query!(
        "insert into email_suppressions (tenant_id, email, reason, note, created_by) values ($1, lower($2), $3, $4, $5)
         on conflict (tenant_id, email) do nothing",
        tenant.uuid(),
        email.trim(),
        reason.as_str(),
        note,
        by.map(AccountId::uuid),
    )
    .execute(conn)
    .await?;
    Ok(added.rows_affected() > 0)
}
