//! `GET /auth/tenants`.

use axum::extract::State;
use common::{
    auth::{Caller, Role},
    db::AccountTx,
    http::{ApiError, Json, Page, PageQuery, Query},
    ids::TenantId,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::memberships::{MembershipRow, memberships};
use crate::state::AuthState;

/// A tenant of the caller, with its settings.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TenantView {
    tenant_id: TenantId,
    name: String,
    /// The caller's role there.
    role: Role,
    /// The branches the caller is limited to; null = all.
    branches: Option<Vec<String>>,
    time_zone: String,
    #[schema(example = "USD")]
    currency: String,
    /// ISO day of the week, 1 = Monday.
    week_start: i16,
}

impl From<MembershipRow> for TenantView {
    fn from(row: MembershipRow) -> Self {
        let MembershipRow { tenant_id, name, role, branches, time_zone, currency, week_start } = row;
        Self { tenant_id, name, role, branches, time_zone, currency, week_start }
    }
}

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
    Ok(Json(page_of(all, &query)?))
}

fn page_of(all: Vec<MembershipRow>, query: &PageQuery) -> Result<Page<TenantView>, ApiError> {
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let start = match &query.cursor {
        Some(cursor) => cursor
            .parse::<i64>()
            .ok()
            .filter(|start| (0..=total).contains(start))
            .ok_or_else(|| ApiError::invalid("cursor", "is not a `next_cursor` of this list"))?,
        None => query.offset(),
    };
    let end = start.saturating_add(i64::from(query.limit));
    let skipped = usize::try_from(start).unwrap_or(usize::MAX);
    let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
    Ok(Page {
        data: all.into_iter().skip(skipped).take(limit).map(TenantView::from).collect(),
        total,
        page: query.page,
        limit: query.limit,
        has_more: end < total,
        next_cursor: (end < total).then(|| end.to_string()),
    })
}
