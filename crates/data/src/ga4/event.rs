//! A mapped event: the columns of the staging table, before they are encoded.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::Value;
use uuid::Uuid;

/// Which table an event lands in; the number is `staged_events.kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventKind {
    /// Not landed: read for the user and the branch it carries.
    Identity = 0,
    PageView = 1,
    ViewItem = 2,
    AddToCart = 3,
    Purchase = 4,
    ViewSearchResults = 5,
    NoSearchResults = 6,
}

impl EventKind {
    /// The table's name, which is the event's.
    pub fn table(self) -> Option<&'static str> {
        Some(match self {
            Self::Identity => return None,
            Self::PageView => "page_view",
            Self::ViewItem => "view_item",
            Self::AddToCart => "add_to_cart",
            Self::Purchase => "purchase",
            Self::ViewSearchResults => "view_search_results",
            Self::NoSearchResults => "no_search_results",
        })
    }
}

/// One row for the staging table.
#[derive(Debug, Clone, PartialEq)]
pub struct MappedEvent {
    pub kind: EventKind,
    pub event_date: NaiveDate,
    pub event_id: Uuid,
    /// The event brought its own `event_id`: coming twice it is the same event.
    pub own_id: bool,
    pub visit_id: Option<Uuid>,
    /// Microseconds since 1970, UTC.
    pub event_timestamp: i64,
    pub batch_page_id: Option<i64>,
    pub batch_ordering_id: Option<i64>,
    pub batch_event_index: Option<i64>,
    pub user_pseudo_id: Option<String>,
    pub ga_session_id: Option<i64>,
    pub web_user_id: Option<String>,
    pub ga_user_id: Option<String>,
    pub branch_id: Option<String>,
    /// Events that this row stands for: 1, except for aggregates of the Data API.
    pub event_count: i64,
    pub page_location: Option<String>,
    pub page_title: Option<String>,
    pub extra: Option<String>,
    /// Real items only, as JSON; none when there is none.
    pub items: Option<Value>,
    pub items_count: i32,
    /// Sum of price x quantity, in the tenant's currency.
    pub items_value: Decimal,
    pub transaction_id: Option<String>,
    /// As sent, in `currency`.
    pub revenue: Option<Decimal>,
    pub currency: Option<String>,
    /// In the tenant's currency.
    pub amount: Option<Decimal>,
    pub term: Option<String>,
    /// The amount was in a currency that cannot be counted.
    pub foreign_amount: bool,
}
