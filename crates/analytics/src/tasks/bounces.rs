//! `GET /analytics/tasks/performance`.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json, Page},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    line::LineHead,
    list::envelope,
    params::{ListParams, ListQuery},
    repository::{TaskList, TaskRepository},
    sort::{Kind, SortField},
};
use crate::params::Params;

/// A bounced visit: it saw one page.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BounceLine {
    #[serde(flatten)]
    pub(crate) head: LineHead,
    pub(crate) entry_page: String,
}

/// A page that visits left without seeing another.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct BouncedPage {
    pub(crate) entry_page: String,
    pub(crate) bounce_count: i64,
}

/// The list's envelope, with two lists in its `data`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PerformanceView {
    data: PerformanceData,
    /// Bounced visits of the selection, also past the end.
    total: i64,
    page: u32,
    limit: u32,
    has_more: bool,
    /// To be sent as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

/// Bounced visits, and where they bounced.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PerformanceData {
    bounced_sessions: Vec<BounceLine>,
    /// The ten that bounce most in the days and branches selected, whatever page or `query` says.
    frequently_bounced_pages: Vec<BouncedPage>,
}

const FIELDS: [SortField; 1] = [("entry_page", Kind::Text)];

/// Bounced visits
///
/// Visits of one page, last seen first, and the ten entry pages that bounce most.
#[utoipa::path(get, path = "/analytics/tasks/performance", tag = "tasks", params(ListParams),
    responses((status = 200, body = PerformanceView)))]
pub(crate) async fn list_bounces(
    State(app): State<AppState>,
    context: TenantContext,
    params: Params,
) -> Result<Json<PerformanceView>, ApiError> {
    let list = TaskList::Performance;
    let ListQuery { page, limit, sort, selection, .. } = ListQuery::read(params, &context, list, &FIELDS)?;
    let mut tx = context.tx(&app.pool).await?;
    let mut lines = TaskRepository::new(&mut tx, context.tenant_id).bounces(selection, sort, None).await?;
    let frequently_bounced_pages = std::mem::take(&mut lines.frequently_bounced_pages);
    let Page { data: bounced_sessions, total, page, limit, has_more, next_cursor } =
        envelope(lines, list, sort, page, limit);
    let data = PerformanceData { bounced_sessions, frequently_bounced_pages };
    Ok(Json(PerformanceView { data, total, page, limit, has_more, next_cursor }))
}
