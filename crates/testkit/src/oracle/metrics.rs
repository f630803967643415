//! The dashboard's figures.

use std::collections::HashMap;

use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;

use super::event::Kind;
use super::visit::Visit;
use super::{Oracle, Selection};

/// `metrics` of `GET /analytics/stats`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Metrics {
    /// revenue of the counted purchases, in the tenant's currency
    pub revenue: Decimal,
    /// the tenant's currency
    pub currency: String,
    /// counted purchases
    pub purchases: u64,
    /// visits with a page view
    pub total_visitors: u64,
    /// known users of those visits
    pub unique_users: u64,
    /// visits with a cart and no purchase event
    pub abandoned_carts: u64,
    /// search events, found or not
    pub total_searches: u64,
    /// search events that found nothing
    pub failed_searches: u64,
    /// known users with more than one such visit in the selection
    pub repeat_visits: u64,
    /// purchases in percent of visits, two decimals
    pub conversion_rate: Decimal,
}

impl Oracle {
    /// The figures of a selection.
    #[must_use]
    pub fn metrics(&self, selection: &Selection) -> Metrics {
        let mut metrics = Metrics { currency: self.settings.currency.clone(), ..Metrics::default() };
        let mut visits_of_user: HashMap<&str, u64> = HashMap::new();
        for visit in &self.visits {
            if !selection.has(visit.day, visit.branch.as_deref()) {
                continue;
            }
            if visit.has_page_view {
                metrics.total_visitors += 1;
                if let Some(user) = &visit.user {
                    *visits_of_user.entry(user).or_default() += 1;
                }
            }
            if self.abandoned(visit) {
                metrics.abandoned_carts += 1;
            }
        }
        metrics.unique_users = visits_of_user.len() as u64;
        metrics.repeat_visits = visits_of_user.values().filter(|&&n| n > 1).count() as u64;

        for (index, event) in self.events.iter().enumerate() {
            if !selection.has(event.day, self.branch_of(index)) {
                continue;
            }
            match event.kind {
                Some(Kind::Search) => metrics.total_searches += 1,
                Some(Kind::FailedSearch) => {
                    metrics.total_searches += 1;
                    metrics.failed_searches += 1;
                }
                Some(Kind::Purchase) if self.counted.contains(&index) => {
                    metrics.purchases += 1;
                    metrics.revenue += event.revenue.unwrap_or_default();
                }
                _ => {}
            }
        }
        metrics.conversion_rate = rate(metrics.purchases, metrics.total_visitors);
        metrics
    }

    /// A cart that was left: an `add_to_cart` and no purchase event in the visit.
    pub(super) fn abandoned(&self, visit: &Visit) -> bool {
        !self.of_kind(visit, Kind::AddToCart).is_empty() && !self.bought(visit)
    }
}

/// 100 x part / whole, half away from zero to two decimals; 0 of nothing.
fn rate(part: u64, whole: u64) -> Decimal {
    if whole == 0 {
        return Decimal::ZERO;
    }
    (Decimal::ONE_HUNDRED * Decimal::from(part) / Decimal::from(whole))
        .round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero)
}
