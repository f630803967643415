//! One change of a tenant's members at a time: what is decided on their number or roles holds until it is done.

use common::{
    http::ApiError,
    ids::{AccountId, TenantId},
};
use sqlx::PgConnection;

/// Holds the tenant's members until the transaction ends. `no key`: rows that name the tenant can still be added.
///
/// # Errors
/// The database is away.
pub(crate) async fn lock_members(conn: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select from tenants where tenant_id = $1 for no key update", tenant.uuid()).execute(conn).await?;
    Ok(())
}

/// After [`lock_members`]: this owner may go, because there is another one.
///
/// # Errors
/// 409 where there is none.
pub(super) async fn require_another_owner(
    conn: &mut PgConnection,
    tenant: TenantId,
    account: AccountId,
) -> Result<(), ApiError> {
    let others = sqlx::query_scalar!(
        r#"select exists (
             select from memberships m
             join accounts a on a.account_id = m.account_id and a.is_active
             where m.tenant_id = $1 and m.account_id <> $2 and m.role = 'owner') as "others!""#,
        tenant.uuid(),
        account.uuid(),
    )
    .fetch_one(conn)
    .await?;
    if others {
        return Ok(());
    }
    Err(ApiError::Conflict(String::from(
        "This is the tenant's last owner. Make somebody else an owner first, so that the tenant keeps one.",
    )))
}

/// Forgets that the account once left: it is a member again.
///
/// # Errors
/// The database is away.
pub(crate) async fn rejoined(conn: &mut PgConnection, tenant: TenantId, account: AccountId) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "delete from departed_members where tenant_id = $1 and account_id = $2",
        tenant.uuid(),
        account.uuid()
    )
    .execute(conn)
    .await?;
    Ok(())
}
