//! `GET /auth/tenants/{tenant_id}/invitations`.

use axum::extract::State;
use common::{
    auth::TenantContext,
    http::{ApiError, Json, Page, PageQuery, Query},
    ids::TenantId,
};

use super::view::{InvitationView, invitations};
use crate::{paging::Place, state::AuthState};

/// Who was invited
///
/// The newest first, those that are used or over included. Links are not in it: each was shown once.
#[utoipa::path(get, path = "/auth/tenants/{tenant_id}/invitations", tag = "invitations",
    params(("tenant_id" = TenantId, Path), PageQuery), responses((status = 200, body = Page<InvitationView>)))]
pub(crate) async fn list_invitations(
    State(auth): State<AuthState>,
    context: TenantContext,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<InvitationView>>, ApiError> {
    let tenant = context.tenant_id;
    let place = Place::of(&query)?;
    let mut tx = context.tx(&auth.app.pool).await?;
    let total =
        sqlx::query_scalar!(r#"select count(*) as "total!" from invitations where tenant_id = $1"#, tenant.uuid())
            .fetch_one(tx.conn())
            .await?;
    let found = invitations(tx.conn(), tenant, None, place.start, place.limit).await?;
    Ok(Json(place.page(&query, total, found)))
}
