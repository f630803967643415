//! Ending a key: `DELETE /auth/tenants/{tenant_id}/api-keys/{api_key_id}`, and the operator's command.

use axum::{extract::State, http::StatusCode};
use common::{
    auth::{Actor, TenantContext, audit},
    http::{ApiError, Path},
    ids::{ApiKeyId, TenantId},
};
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;

use crate::state::AuthState;

/// Of the path; the tenant in it is the extractor's.
#[derive(Debug, Deserialize)]
pub(crate) struct ApiKeyPath {
    api_key_id: ApiKeyId,
}

/// Revoke a key
///
/// The services refuse it within a second. One that is revoked already stays so.
#[utoipa::path(delete, path = "/auth/tenants/{tenant_id}/api-keys/{api_key_id}", tag = "api keys",
    params(("tenant_id" = TenantId, Path), ("api_key_id" = ApiKeyId, Path)),
    responses((status = 204, description = "It opens nothing")))]
pub(crate) async fn revoke_api_key(
    State(auth): State<AuthState>,
    context: TenantContext,
    Path(ApiKeyPath { api_key_id }): Path<ApiKeyPath>,
) -> Result<StatusCode, ApiError> {
    let tenant = context.tenant_id;
    let mut tx = context.tx(&auth.app.pool).await?;
    let prefix = sqlx::query_scalar!(
        "select prefix from api_keys where tenant_id = $1 and api_key_id = $2",
        tenant.uuid(),
        api_key_id.uuid(),
    )
    .fetch_optional(tx.conn())
    .await?
    .ok_or_else(|| ApiError::NotFound(String::from("The tenant has no such key.")))?;
    revoke(tx.conn(), tenant, &prefix, &context.actor).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Revokes the key with this prefix, whoever asks, with an entry in the audit log; answers its name, or none when the tenant
/// has no such key. A key that was revoked before stays revoked since then.
///
/// # Errors
/// The database is away.
pub(crate) async fn revoke(
    conn: &mut PgConnection,
    tenant: TenantId,
    prefix: &str,
    actor: &Actor,
) -> Result<Option<String>, sqlx::Error> {
    let revoked = sqlx::query_scalar!(
        "update api_keys set revoked_at = now() where tenant_id = $1 and prefix = $2 and revoked_at is null returning name",
        tenant.uuid(),
        prefix,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(name) = &revoked {
        audit::note(conn, tenant, actor, "api_key.revoked", Some(prefix), json!({ "name": name })).await?;
        return Ok(revoked);
    }
    sqlx::query_scalar!("select name from api_keys where tenant_id = $1 and prefix = $2", tenant.uuid(), prefix)
        .fetch_optional(conn)
        .await
}
