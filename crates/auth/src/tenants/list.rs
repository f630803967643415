//! `GET /auth/tenants`.

use super::{memberships::memberships, view::TenantView};
use crate::{paging::Place, state::AuthState};
use axum::extract::State;
use common::{
    auth::Caller,
    db::AccountTx,
    http::{ApiError, Json, Page, PageQuery, Query},
};

/// The caller's tenants
///
/// All the caller is a member of, with the role there, the one joined first at the top.
#[utoipa::path(get, path = "/auth/tenants", tag = "tenants", params(PageQuery),
    responses((status = 200, body = Page<TenantView>)))]
pub(crate) async fn list_tenants(
    State(auth): State<AuthState>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<TenantView>>, ApiError> {
    let mut tx = AccountTx::begin(&auth.app.pool, caller.account_id).await?;
    // A person belongs to a handful of tenants: all are read, and the page is cut from them.
    let all = memberships(tx.conn(), caller.account_id).await?;
    let all = all.into_iter().map(TenantView::from).collect();
    Ok(Json(Place::of(&query)?.cut(&query, all)))
}
