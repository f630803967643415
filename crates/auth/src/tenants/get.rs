//! `GET /auth/tenants/{tenant_id}`.

use axum::extract::State;
use common::{
    auth::TenantContext,
    http::{ApiError, Json},
    ids::TenantId,
};

use super::view::TenantView;
use crate::state::AuthState;

/// A tenant and the caller's role in it
#[utoipa::path(get, path = "/auth/tenants/{tenant_id}", tag = "tenants", params(("tenant_id" = TenantId, Path)),
    responses((status = 200, body = TenantView)))]
pub(crate) async fn get_tenant(
    State(auth): State<AuthState>,
    context: TenantContext,
) -> Result<Json<TenantView>, ApiError> {
    let mut tx = context.tx(&auth.app.pool).await?;
    Ok(Json(TenantView::read(tx.conn(), &context).await?))
}
