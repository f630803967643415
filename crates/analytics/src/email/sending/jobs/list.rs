//! `GET /analytics/email/jobs` and `…/{job_id}`.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json, Page, PageQuery, Path, Query},
    ids::JobId,
};
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::{
    email::sending::view::{self, JobStatus, JobView},
    scope,
};

#[derive(Debug, Deserialize, Validate)]
pub(in crate::email::sending) struct JobsQuery {
    #[serde(flatten)]
    #[garde(dive)]
    page: PageQuery,
    #[serde(flatten)]
    #[garde(dive)]
    filter: JobsFilter,
}

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
struct JobsFilter {
    /// Only sends of this status.
    #[garde(inner(custom(is_status)))]
    #[param(value_type = Option<JobStatus>)]
    status: Option<String>,
}

fn is_status(name: &str, (): &()) -> garde::Result {
    if JobStatus::named(name).is_some() {
        return Ok(());
    }
    let names: Vec<&str> = JobStatus::ALL.iter().map(|status| status.as_str()).collect();
    Err(garde::Error::new(format!("must be one of {}", names.join(", "))))
}

/// Sends
///
/// The newest first.
#[utoipa::path(get, path = "/analytics/email/jobs", tag = "email", params(
    ("page" = Option<u32>, Query, description = "The page, from 1", minimum = 1, maximum = 1_000_000),
    ("limit" = Option<u32>, Query, description = "Lines a page; 50 unless given", minimum = 1, maximum = 1000), JobsFilter),
    responses((status = 200, body = Page<JobView>)))]
pub(in crate::email::sending) async fn list_sends(
    State(app): State<AppState>,
    context: TenantContext,
    Query(query): Query<JobsQuery>,
) -> Result<Json<Page<JobView>>, ApiError> {
    let JobsQuery { page, filter: JobsFilter { status } } = query;
    if page.cursor.is_some() {
        return Err(ApiError::invalid("cursor", "is not offered by this list: use page"));
    }
    let status = status.as_deref().and_then(JobStatus::named);
    let visible = scope::visible(&context);
    let mut tx = context.tx(&app.pool).await?;
    let total = view::count(tx.conn(), context.tenant_id, status, visible).await?;
    let (offset, limit) = (page.offset(), i64::from(page.limit));
    let data = view::jobs(tx.conn(), context.tenant_id, None, status, visible, offset, limit).await?;
    let has_more = offset.saturating_add(limit) < total;
    let PageQuery { page, limit, .. } = page;
    Ok(Json(Page { data, total, page, limit, has_more, next_cursor: None }))
}

/// A send
#[utoipa::path(get, path = "/analytics/email/jobs/{job_id}", tag = "email", params(("job_id" = JobId, Path)),
    responses((status = 200, body = JobView)))]
pub(in crate::email::sending) async fn get_send(
    State(app): State<AppState>,
    context: TenantContext,
    Path(job_id): Path<JobId>,
) -> Result<Json<JobView>, ApiError> {
    let mut tx = context.tx(&app.pool).await?;
    view::job(tx.conn(), context.tenant_id, job_id, scope::visible(&context)).await.map(Json)
}
