//! `GET /analytics/tasks/repeat-visits`.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json, Page},
};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

use super::{
    line::{LineHead, empty_if_null},
    list::envelope,
    params::{ListParams, ListQuery},
    repository::{TaskList, TaskRepository},
    sort::{Kind, SortField},
};
use crate::params::Params;

/// An active visit of a returning customer.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct RepeatVisitLine {
    #[serde(flatten)]
    pub(crate) head: LineHead,
    /// Distinct pages.
    pub(crate) page_views_count: i64,
    /// Distinct products.
    pub(crate) products_viewed: i64,
    /// In order of first view.
    #[serde(default, deserialize_with = "empty_if_null")]
    #[schema(required)]
    pub(crate) products_details: Vec<ViewedProductView>,
}

/// A product that was looked at, as at its first view.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct ViewedProductView {
    /// The item's name, else its id.
    pub(crate) title: Option<String>,
    /// The page it was seen on.
    url: Option<String>,
    category: Option<String>,
    /// Null when GA4 did not say.
    #[schema(value_type = Option<f64>)]
    pub(crate) price: Option<Number>,
}

const FIELDS: [SortField; 2] = [("page_views_count", Kind::Whole), ("products_viewed", Kind::Whole)];

/// Repeat visits
///
/// Visits of more than two pages by customers who have more than one of them in the selection. Last seen first.
#[utoipa::path(get, path = "/analytics/tasks/repeat-visits", tag = "tasks", params(ListParams),
    responses((status = 200, body = Page<RepeatVisitLine>)))]
pub(crate) async fn list_repeat_visits(
    State(app): State<AppState>,
    context: TenantContext,
    params: Params,
) -> Result<Json<Page<RepeatVisitLine>>, ApiError> {
    let list = TaskList::RepeatVisits;
    let ListQuery { page, limit, sort, selection, .. } = ListQuery::read(params, &context, list, &FIELDS)?;
    let mut tx = context.tx(&app.pool).await?;
    let lines = TaskRepository::new(&mut tx, context.tenant_id).repeat_visits(selection, sort, None).await?;
    Ok(Json(envelope(lines, list, sort, page, limit)))
}
