//! `GET /analytics/tasks/purchases`.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json, Page},
};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

use super::{
    line::{LineHead, ProductView, empty_if_null},
    list::envelope,
    params::{ListParams, ListQuery},
    repository::{TaskList, TaskRepository},
    sort::{Kind, SortField},
};
use crate::params::Params;

/// A purchase to follow up.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct PurchaseLine {
    #[serde(flatten)]
    pub(crate) head: LineHead,
    pub(crate) transaction_id: Option<String>,
    /// In the tenant's currency; 0 when unknown.
    #[schema(value_type = f64)]
    pub(crate) order_value: Number,
    /// Whether the value is known.
    pub(crate) has_value: bool,
    /// Empty when unknown.
    pub(crate) page_location: String,
    /// The same as `session_id`.
    ga_session_id: Option<String>,
    #[serde(default, deserialize_with = "empty_if_null")]
    #[schema(required)]
    pub(crate) products: Vec<ProductView>,
}

const FIELDS: [SortField; 5] = [
    ("transaction_id", Kind::Text),
    ("order_value", Kind::Decimal),
    ("has_value", Kind::Flag),
    ("page_location", Kind::Text),
    ("ga_session_id", Kind::Text),
];

/// Purchases
///
/// One line per transaction: GA4's duplicates are left out. Latest first.
#[utoipa::path(get, path = "/analytics/tasks/purchases", tag = "tasks", params(ListParams),
    responses((status = 200, body = Page<PurchaseLine>)))]
pub(crate) async fn list_purchases(
    State(app): State<AppState>,
    context: TenantContext,
    params: Params,
) -> Result<Json<Page<PurchaseLine>>, ApiError> {
    let list = TaskList::Purchases;
    let ListQuery { page, limit, sort, selection, .. } = ListQuery::read(params, &context, list, &FIELDS)?;
    let mut tx = context.tx(&app.pool).await?;
    let lines = TaskRepository::new(&mut tx, context.tenant_id).purchases(selection, sort, None).await?;
    Ok(Json(envelope(lines, list, sort, page, limit)))
}
