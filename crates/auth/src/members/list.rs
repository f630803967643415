//! `GET /auth/tenants/{tenant_id}/members`.

use axum::extract::State;
use common::{
    auth::TenantContext,
    http::{ApiError, Json, Page, PageQuery, Query},
    ids::TenantId,
};

use super::view::{MemberView, members};
use crate::{paging::Place, state::AuthState};

/// Who belongs to the tenant
///
/// By the time they joined.
#[utoipa::path(get, path = "/auth/tenants/{tenant_id}/members", tag = "members",
    params(("tenant_id" = TenantId, Path), PageQuery), responses((status = 200, body = Page<MemberView>)))]
pub(crate) async fn list_members(
    State(auth): State<AuthState>,
    context: TenantContext,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<MemberView>>, ApiError> {
    let tenant = context.tenant_id;
    let place = Place::of(&query)?;
    let mut tx = context.tx(&auth.app.pool).await?;
    let total =
        sqlx::query_scalar!(r#"select count(*) as "total!" from memberships where tenant_id = $1"#, tenant.uuid())
            .fetch_one(tx.conn())
            .await?;
    let found = members(tx.conn(), tenant, None, place.start, place.limit).await?;
    Ok(Json(place.page(&query, total, found)))
}
