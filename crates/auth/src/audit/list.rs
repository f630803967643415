//! `GET /auth/tenants/{tenant_id}/audit`.

use axum::extract::State;
use common::{
    auth::TenantContext,
    http::{ApiError, Json, Page, PageQuery, Query},
    ids::TenantId,
};
use garde::Validate;
use serde::Deserialize;

use super::{
    entries::{AuditEntryView, count, newest},
    filter::AuditFilter,
};
use crate::state::AuthState;

#[derive(Debug, Deserialize, Validate)]
pub(crate) struct AuditQuery {
    #[serde(flatten)]
    #[garde(dive)]
    page: PageQuery,
    #[serde(flatten)]
    #[garde(dive)]
    filter: AuditFilter,
}

/// What was done in the tenant
///
/// The newest first. Walked by `cursor`, entries that are added meanwhile change nothing of the walk.
#[utoipa::path(get, path = "/auth/tenants/{tenant_id}/audit", tag = "audit",
    params(("tenant_id" = TenantId, Path), PageQuery, AuditFilter),
    responses((status = 200, body = Page<AuditEntryView>)))]
pub(crate) async fn list_audit(
    State(auth): State<AuthState>,
    context: TenantContext,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Page<AuditEntryView>>, ApiError> {
    let AuditQuery { page, filter } = query;
    let tenant = context.tenant_id;
    // The oldest entry that was shown; below it the walk goes on.
    let (before, skip) = match &page.cursor {
        None => (i64::MAX, page.offset()),
        Some(cursor) => (
            cursor
                .parse::<i64>()
                .ok()
                .filter(|before| *before > 0)
                .ok_or_else(|| ApiError::invalid("cursor", "is not a `next_cursor` of this list"))?,
            0,
        ),
    };
    let mut tx = context.tx(&auth.app.pool).await?;
    let filter = filter.resolved(tx.conn(), tenant).await?;
    let total = count(tx.conn(), tenant, &filter).await?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let mut data = newest(tx.conn(), tenant, &filter, before, skip, i64::from(page.limit) + 1).await?;
    let has_more = data.len() > limit;
    data.truncate(limit);
    let next_cursor = data.last().filter(|_| has_more).map(|entry| entry.entry_no.to_string());
    let PageQuery { page, limit, .. } = page;
    Ok(Json(Page { data, total, page, limit, has_more, next_cursor }))
}
