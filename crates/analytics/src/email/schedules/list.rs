//! `GET /analytics/email/schedules`.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json, Page, PageQuery, Query},
};

use super::view::{ScheduleView, schedules};
use crate::scope;

/// Schedules
///
/// Which reports go out by themselves, when, and how that went the last time. The oldest first.
#[utoipa::path(get, path = "/analytics/email/schedules", tag = "email", params(
    ("page" = Option<u32>, Query, description = "The page, from 1", minimum = 1, maximum = 1_000_000),
    ("limit" = Option<u32>, Query, description = "Lines a page; 50 unless given", minimum = 1, maximum = 1000)),
    responses((status = 200, body = Page<ScheduleView>)))]
pub(super) async fn list_schedules(
    State(app): State<AppState>,
    context: TenantContext,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<ScheduleView>>, ApiError> {
    let (tenant, visible) = (context.tenant_id, scope::visible(&context));
    let mut tx = context.tx(&app.pool).await?;
    let total = sqlx::query_scalar!(
        r#"select count(*) as "total!" from report_schedules
         where tenant_id = $1 and ($2::text[] is null or branch_codes <@ $2)"#,
        tenant.0,
        visible,
    )
    .fetch_one(tx.conn())
    .await?;
    let data = schedules(tx.conn(), tenant, None, visible, (query.offset(), i64::from(query.limit))).await?;
    Ok(Json(page(&query, total, data)))
}

/// The page of a list that is walked by page alone.
pub(super) fn page<T>(query: &PageQuery, total: i64, data: Vec<T>) -> Page<T> {
    let has_more = query.offset() + i64::from(query.limit) < total;
    Page { data, total, page: query.page, limit: query.limit, has_more, next_cursor: None }
}
