//! The list of addresses that get no mail, for whoever sends or hears of bounces.

use std::collections::HashSet;

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

/// Those of the addresses that are on the list, in lower case. In a transaction of the tenant.
///
/// # Errors
/// The database is away.
pub(crate) async fn suppressed(
    conn: &mut PgConnection,
    tenant: TenantId,
    emails: &[String],
) -> Result<HashSet<String>, sqlx::Error> {
    let emails: Vec<String> = emails.iter().map(|email| email.trim().to_lowercase()).collect();
    let found = sqlx::query_scalar!(
        "select email from email_suppressions where tenant_id = $1 and email = any($2)",
        tenant.uuid(),
        &emails,
    )
    .fetch_all(conn)
    .await?;
    Ok(found.into_iter().collect())
}
