//! Writes what a person did to the audit log of every tenant they belong to: a sign-in is no tenant's alone.

use common::{
    auth::{Actor, AppState, audit},
    db::{AccountTx, TenantTx},
    ids::{AccountId, TenantId},
};
use serde_json::Value;

use crate::tenants::memberships;

/// One entry per active tenant of the account. Those it was noted in.
///
/// # Errors
/// The database is away.
pub(crate) async fn note_in_all(
    app: &AppState,
    account: AccountId,
    actor: &Actor,
    action: &str,
    target: Option<&str>,
    details: &Value,
) -> Result<Vec<TenantId>, sqlx::Error> {
    let mut tx = AccountTx::begin(&app.pool, account).await?;
    let tenants: Vec<TenantId> =
        memberships(tx.conn(), account).await?.into_iter().map(|membership| membership.tenant_id).collect();
    drop(tx);
    for tenant in &tenants {
        let mut tx = TenantTx::begin(&app.pool, *tenant).await?;
        audit::note(tx.conn(), *tenant, actor, action, target, details.clone()).await?;
        tx.commit().await?;
    }
    Ok(tenants)
}
