//! `GET /auth/tenants/{tenant_id}/domains`.

use axum::extract::State;
use common::{
    auth::TenantContext,
    http::{ApiError, Json, Page, PageQuery, Query},
    ids::TenantId,
};

use super::view::{DomainView, domains};
use crate::{paging::Place, state::AuthState};

/// Whose addresses are let in
#[utoipa::path(get, path = "/auth/tenants/{tenant_id}/domains", tag = "domains",
    params(("tenant_id" = TenantId, Path), PageQuery), responses((status = 200, body = Page<DomainView>)))]
pub(crate) async fn list_domains(
    State(auth): State<AuthState>,
    context: TenantContext,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<DomainView>>, ApiError> {
    let mut tx = context.tx(&auth.app.pool).await?;
    // An owner adds their own domain only, so there are a handful.
    let all = domains(tx.conn(), context.tenant_id, None).await?;
    Ok(Json(Place::of(&query)?.cut(&query, all)))
}
