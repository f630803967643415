//! Which keys a tenant has: `GET /auth/tenants/{tenant_id}/api-keys`, and the operator's list.

use axum::extract::State;
use chrono::{DateTime, Utc};
use common::{
    auth::TenantContext,
    http::{ApiError, Json, Page, PageQuery, Query},
    ids::{ApiKeyId, TenantId},
};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::{paging::Place, state::AuthState};

/// A key without its secret, which nobody has any more but its holder.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct ApiKeyView {
    pub(crate) api_key_id: ApiKeyId,
    pub(crate) name: String,
    /// The key's first characters.
    pub(crate) prefix: String,
    /// Of `ingest`, `read`, `send`.
    pub(crate) scopes: Vec<String>,
    /// The e-mail address of who made it; null = the operator.
    pub(crate) created_by: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    /// Null = it holds until it is revoked.
    pub(crate) expires_at: Option<DateTime<Utc>>,
    /// To the minute.
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    pub(crate) revoked_at: Option<DateTime<Utc>>,
}

/// Keys of the tenant, the newest first, those that no longer hold included; `only` = just this one.
///
/// # Errors
/// The database is away.
pub(crate) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    only: Option<ApiKeyId>,
    place: Place,
) -> Result<Vec<ApiKeyView>, sqlx::Error> {
    sqlx::query_as!(
        ApiKeyView,
        r#"select k.api_key_id as "api_key_id: ApiKeyId", k.name, k.prefix, k.scopes, a.email as "created_by?",
             k.created_at, k.expires_at, k.last_used_at, k.revoked_at
         from api_keys k
         left join accounts a on a.account_id = k.created_by
         where k.tenant_id = $1 and ($2::uuid is null or k.api_key_id = $2)
         order by k.created_at desc, k.api_key_id desc
         offset $3 limit $4"#,
        tenant.uuid(),
        only.map(ApiKeyId::uuid),
        place.start,
        place.limit,
    )
    .fetch_all(conn)
    .await
}

/// Keys for machines
///
/// The newest first, those that were revoked or have expired included.
#[utoipa::path(get, path = "/auth/tenants/{tenant_id}/api-keys", tag = "api keys",
    params(("tenant_id" = TenantId, Path), PageQuery), responses((status = 200, body = Page<ApiKeyView>)))]
pub(crate) async fn list_api_keys(
    State(auth): State<AuthState>,
    context: TenantContext,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ApiKeyView>>, ApiError> {
    let tenant = context.tenant_id;
    let place = Place::of(&query)?;
    let mut tx = context.tx(&auth.app.pool).await?;
    let total = sqlx::query_scalar!(r#"select count(*) as "total!" from api_keys where tenant_id = $1"#, tenant.uuid())
        .fetch_one(tx.conn())
        .await?;
    let found = list(tx.conn(), tenant, None, place).await?;
    Ok(Json(place.page(&query, total, found)))
}
