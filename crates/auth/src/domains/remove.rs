//! `DELETE /auth/tenants/{tenant_id}/domains/{domain}`: nobody else is let in by it; members stay.

use axum::{extract::State, http::StatusCode};
use common::{
    auth::{Actor, TenantContext, audit},
    http::{ApiError, Path},
    ids::TenantId,
};
use serde_json::json;
use sqlx::PgConnection;

use super::{DomainPath, name::domain_name};
use crate::state::AuthState;

/// Let a domain in no more
///
/// Who became a member by it stays one.
#[utoipa::path(delete, path = "/auth/tenants/{tenant_id}/domains/{domain}", tag = "domains",
    params(("tenant_id" = TenantId, Path), ("domain" = String, Path, max_length = 253, pattern = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")),
    responses((status = 204, description = "Removed")))]
pub(crate) async fn remove_domain(
    State(auth): State<AuthState>,
    context: TenantContext,
    Path(DomainPath { domain }): Path<DomainPath>,
) -> Result<StatusCode, ApiError> {
    let domain = domain_name(&domain)?;
    let mut tx = context.tx(&auth.app.pool).await?;
    if !forget(tx.conn(), context.tenant_id, &domain, &context.actor).await? {
        return Err(ApiError::NotFound(String::from("The tenant does not let this domain in.")));
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes it, whoever asks, with its entry in the audit log; false where it was not there.
///
/// # Errors
/// The database is away.
pub(crate) async fn forget(
    conn: &mut PgConnection,
    tenant: TenantId,
    domain: &str,
    actor: &Actor,
) -> Result<bool, sqlx::Error> {
    let removed =
        sqlx::query!("delete from tenant_domains where tenant_id = $1 and domain = $2", tenant.uuid(), domain)
            .execute(&mut *conn)
            .await?
            .rows_affected();
    if removed == 0 {
        return Ok(false);
    }
    audit::note(conn, tenant, actor, "domain.removed", Some(domain), json!({})).await?;
    Ok(true)
}
