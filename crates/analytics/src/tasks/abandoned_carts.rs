//! `GET /analytics/tasks/cart-abandonment`.

use axum::extract::State;
use chrono::{DateTime, NaiveDate, Utc};
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json, Page},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error};
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

/// A visit with a cart that was left.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct AbandonedCartLine {
    #[serde(flatten)]
    pub(crate) head: LineHead,
    /// The same as `event_date`.
    last_activity: NaiveDate,
    /// The last add_to_cart.
    #[serde(deserialize_with = "instant")]
    pub(crate) last_activity_at: DateTime<Utc>,
    /// Item lines.
    pub(crate) items_count: i64,
    /// Price x quantity over all items, in the tenant's currency; 0 when no price is known.
    #[schema(value_type = f64)]
    pub(crate) total_value: Number,
    /// Whether a price is known.
    pub(crate) has_value: bool,
    #[serde(default, deserialize_with = "empty_if_null")]
    #[schema(required)]
    pub(crate) products: Vec<ProductView>,
}

const FIELDS: [SortField; 5] = [
    ("last_activity", Kind::Day),
    ("last_activity_at", Kind::Whole),
    ("items_count", Kind::Whole),
    ("total_value", Kind::Decimal),
    ("has_value", Kind::Flag),
];

/// The database gives microseconds.
fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
    let microseconds = i64::deserialize(deserializer)?;
    DateTime::from_timestamp_micros(microseconds).ok_or_else(|| D::Error::custom("no instant"))
}

/// Abandoned carts
///
/// Visits with an add_to_cart and no purchase. Last added to first.
#[utoipa::path(get, path = "/analytics/tasks/cart-abandonment", tag = "tasks", params(ListParams),
    responses((status = 200, body = Page<AbandonedCartLine>)))]
pub(crate) async fn list_abandoned_carts(
    State(app): State<AppState>,
    context: TenantContext,
    params: Params,
) -> Result<Json<Page<AbandonedCartLine>>, ApiError> {
    let list = TaskList::CartAbandonment;
    let ListQuery { page, limit, sort, selection, .. } = ListQuery::read(params, &context, list, &FIELDS)?;
    let mut tx = context.tx(&app.pool).await?;
    let lines = TaskRepository::new(&mut tx, context.tenant_id).abandoned_carts(selection, sort, None).await?;
    Ok(Json(envelope(lines, list, sort, page, limit)))
}
