//! A user on the wire.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

/// Who knows the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum KnownFrom {
    List,
    Events,
    Both,
}

/// A user. For a caller who is limited to branches, visits and purchases are those of these branches.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct UserView {
    pub user_id: String,
    pub user_name: Option<String>,
    pub buying_company_name: Option<String>,
    pub email: Option<String>,
    pub cell_phone: Option<String>,
    pub office_phone: Option<String>,
    /// Null for a user whom only events know.
    pub is_active: Option<bool>,
    /// The first event of the first visit.
    pub first_seen: Option<DateTime<Utc>>,
    /// The last event of the last visit.
    pub last_seen: Option<DateTime<Utc>>,
    /// Visits with a page view.
    pub visits: i64,
    /// Purchases, one per transaction.
    pub orders: i64,
    /// Of these purchases.
    #[schema(value_type = f64)]
    pub revenue: Number,
    #[schema(example = "USD")]
    pub currency: String,
    /// The branch of the last visit that has one.
    pub location_id: Option<String>,
    pub location_name: Option<String>,
    pub known_from: KnownFrom,
    /// When a list named the user first; null for one whom only events know.
    pub created_at: Option<DateTime<Utc>>,
    /// When a list changed the user last.
    pub updated_at: Option<DateTime<Utc>>,
}
