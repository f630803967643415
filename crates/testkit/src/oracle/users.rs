//! What is known of a user: from their visits, their purchases, and events of no visit.

use rust_decimal::Decimal;

use super::Oracle;

/// The figures of one known user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserFigures {
    /// when the first visit began, microseconds since 1970
    pub first_seen: Option<i64>,
    /// the latest event of any visit
    pub last_seen: Option<i64>,
    /// visits with a page view
    pub visits: u64,
    /// counted purchases
    pub orders: u64,
    /// of these
    pub revenue: Decimal,
    /// the branch of the visit that began last among those that have one; several where visits began in the same moment
    pub branches: Vec<String>,
}

impl Oracle {
    /// A user's figures; none of one whom no event names. `locations` are what the reader may see, `None` is all.
    #[must_use]
    pub fn user(&self, user: &str, locations: Option<&[&str]>) -> Option<UserFigures> {
        let seen =
            |branch: Option<&str>| locations.is_none_or(|all| branch.is_some_and(|branch| all.contains(&branch)));
        let mut figures = UserFigures::default();
        let mut is_known = false;
        let mut latest = None;
        for visit in &self.visits {
            if visit.user.as_deref() != Some(user) || !seen(visit.branch.as_deref()) {
                continue;
            }
            is_known = true;
            let ended = visit.members.iter().map(|&member| self.events[member].timestamp).max();
            figures.first_seen = [figures.first_seen, Some(visit.began)].into_iter().flatten().min();
            figures.last_seen = figures.last_seen.max(ended);
            figures.visits += u64::from(visit.has_page_view);
            if let Some(branch) = &visit.branch {
                if latest < Some(visit.began) {
                    latest = Some(visit.began);
                    figures.branches.clear();
                }
                if latest == Some(visit.began) {
                    figures.branches.push(branch.clone());
                }
            }
        }
        for (index, event) in self.events.iter().enumerate() {
            if event.kind.is_none() || self.user_of(index) != Some(user) || !seen(self.branch_of(index)) {
                continue;
            }
            is_known = true;
            if self.counted.contains(&index) {
                figures.orders += 1;
                figures.revenue += event.revenue.unwrap_or_default();
            }
        }
        is_known.then_some(figures)
    }
}
