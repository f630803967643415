//! The dashboard as it goes out. The SQL function answers in the same words.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Number;
use utoipa::ToSchema;

/// The dashboard.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct DashboardView {
    metrics: MetricsView,
    #[serde(rename = "chartData")]
    chart_data: Vec<PeriodView>,
    /// All active locations, by name, whatever `location_id` says.
    #[serde(rename = "locationStats")]
    location_stats: Vec<LocationStatsView>,
    start_date: NaiveDate,
    end_date: NaiveDate,
}

/// The figures of the selection.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MetricsView {
    /// For people: `$` in USD, else code and space before a plain decimal.
    #[schema(example = "$1410625.86")]
    total_revenue: String,
    #[schema(value_type = f64)]
    revenue: Number,
    #[schema(example = "USD")]
    currency: String,
    /// One per transaction.
    purchases: i64,
    /// Visits with a page view.
    total_visitors: i64,
    /// Known users of those visits.
    unique_users: i64,
    /// Visits with an add_to_cart and no purchase.
    abandoned_carts: i64,
    total_searches: i64,
    /// Searches that found nothing.
    failed_searches: i64,
    /// Known users with more than one visit in the selection.
    repeat_visits: i64,
    /// Purchases in percent of visits, two decimals.
    #[schema(value_type = f64)]
    conversion_rate: Number,
}

/// A period of the chart.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct PeriodView {
    /// The period's first day inside the range.
    date: NaiveDate,
    /// Below daily the period's start in the tenant's zone, `YYYY-MM-DDTHH:00`; else as `date`.
    #[schema(example = "2026-10-01T08:00")]
    time: String,
    #[schema(value_type = f64)]
    revenue: Number,
    purchases: i64,
    visitors: i64,
    /// add_to_cart events.
    carts: i64,
    searches: i64,
}

/// A branch's figures.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LocationStatsView {
    location_id: String,
    location_name: String,
    city: Option<String>,
    state: Option<String>,
    #[schema(example = "$1410625.86")]
    total_revenue: String,
    #[schema(value_type = f64)]
    revenue: Number,
    purchases: i64,
    total_visitors: i64,
    abandoned_carts: i64,
    repeat_visits: i64,
    failed_searches: i64,
}
