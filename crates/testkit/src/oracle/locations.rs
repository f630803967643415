//! Branches: the dashboard's rows per branch, and the branches one can choose from.

use rust_decimal::Decimal;
use serde::Deserialize;

use super::event::Kind;
use super::lines::present;
use super::{Oracle, Selection};

/// One element of `locationStats`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LocationStats {
    /// code
    pub location_id: String,
    /// name
    pub location_name: String,
    /// city
    #[serde(deserialize_with = "present")]
    pub city: Option<String>,
    /// state
    #[serde(deserialize_with = "present")]
    pub state: Option<String>,
    /// of counted purchases
    pub revenue: Decimal,
    /// counted purchases
    pub purchases: u64,
    /// visits with a page view
    pub total_visitors: u64,
    /// carts left
    pub abandoned_carts: u64,
    /// known users with more than one visit at this branch
    pub repeat_visits: u64,
    /// searches that found nothing
    pub failed_searches: u64,
}

/// One element of `GET /analytics/locations`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LocationView {
    /// code
    pub location_id: String,
    /// name
    pub location_name: String,
    /// city
    #[serde(deserialize_with = "present")]
    pub city: Option<String>,
    /// state
    #[serde(deserialize_with = "present")]
    pub state: Option<String>,
}

impl Oracle {
    /// All active locations, by code, whatever locations the selection names; zeros without activity.
    #[must_use]
    pub fn location_stats(&self, selection: &Selection) -> Vec<LocationStats> {
        let mut rows = Vec::new();
        for row in self.location_rows.iter().filter(|row| row.is_active) {
            let only = Selection::days(selection.from, selection.to).at(&[&row.location_id]);
            let metrics = self.metrics(&only);
            rows.push(LocationStats {
                location_id: row.location_id.clone(),
                location_name: row.location_name.clone(),
                city: row.city.clone(),
                state: row.state.clone(),
                revenue: metrics.revenue,
                purchases: metrics.purchases,
                total_visitors: metrics.total_visitors,
                abandoned_carts: metrics.abandoned_carts,
                repeat_visits: metrics.repeat_visits,
                failed_searches: metrics.failed_searches,
            });
        }
        rows.sort_by(|a, b| a.location_id.cmp(&b.location_id));
        rows
    }

    /// Active locations that any page view counts for, by name.
    #[must_use]
    pub fn locations(&self) -> Vec<LocationView> {
        let viewed: Vec<&str> = (0..self.events.len())
            .filter(|&event| self.events[event].kind == Some(Kind::PageView))
            .filter_map(|event| self.branch_of(event))
            .collect();
        let mut views: Vec<LocationView> = self
            .location_rows
            .iter()
            .filter(|row| row.is_active && viewed.contains(&row.location_id.as_str()))
            .map(|row| LocationView {
                location_id: row.location_id.clone(),
                location_name: row.location_name.clone(),
                city: row.city.clone(),
                state: row.state.clone(),
            })
            .collect();
        views.sort_by(|a, b| a.location_name.cmp(&b.location_name));
        views
    }
}
