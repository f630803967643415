//! A history as it goes out. The SQL functions answer in the same words.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

/// One thing that happened.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct HistoryEntryView {
    /// Microseconds since 1970, UTC.
    #[schema(example = 1_761_955_200_000_000_i64)]
    event_timestamp: i64,
    /// GA4's session id; null for an event of no visit.
    param_ga_session_id: Option<String>,
    #[serde(flatten)]
    event: EventView,
}

/// What happened, by kind.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event_type", content = "details", rename_all = "snake_case")]
enum EventView {
    PageView(PageDetails),
    /// One real item that was viewed.
    ViewItem(ItemDetails),
    /// One real item that was put into the cart.
    AddToCart(ItemDetails),
    Purchase(PurchaseDetails),
    ViewSearchResults(SearchDetails),
    /// A search that found nothing.
    NoSearchResults(SearchDetails),
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct PageDetails {
    page_location: Option<String>,
    page_title: Option<String>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct ItemDetails {
    item_id: Option<String>,
    item_name: Option<String>,
    category: Option<String>,
    #[schema(value_type = Option<f64>)]
    price: Option<Number>,
    #[schema(value_type = f64)]
    quantity: Number,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct PurchaseDetails {
    transaction_id: Option<String>,
    /// A decimal as text, in the tenant's currency; null when unknown.
    #[schema(example = "89.90")]
    revenue: Option<String>,
    /// JSON as text: an array of `{name, sku, item_id, item_name, price, quantity}`.
    items: String,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct SearchDetails {
    search_term: Option<String>,
}

/// A visitor who has the session id that was asked for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct CandidateView {
    user_pseudo_id: String,
    /// The known user, if any.
    user_id: Option<String>,
    location_id: Option<String>,
    /// The visit's day.
    event_date: NaiveDate,
}
