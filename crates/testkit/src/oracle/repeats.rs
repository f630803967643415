//! Customers who keep coming back and look around.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::event::Kind;
use super::lines::{Dated, Head, newest_first, present};
use super::visit::Visit;
use super::{Oracle, Selection};

/// One line of `GET /analytics/tasks/repeat-visits`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct RepeatLine {
    /// what every line has
    #[serde(flatten)]
    pub head: Head,
    /// distinct pages
    pub page_views_count: u64,
    /// number of distinct products viewed
    pub products_viewed: u64,
    /// those products, in order of first view
    pub products_details: Vec<ViewedProduct>,
}

/// A product that was looked at, as at its first view.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ViewedProduct {
    /// the item's name, else its id
    pub title: String,
    /// the page of that view
    #[serde(deserialize_with = "present")]
    pub url: Option<String>,
    /// the item's category
    #[serde(deserialize_with = "present")]
    pub category: Option<String>,
    /// in the tenant's currency; null when missing or unknown there
    #[serde(deserialize_with = "present")]
    pub price: Option<Decimal>,
}

impl Oracle {
    /// The active visits of users with more than one active visit in the selection, latest page view first.
    #[must_use]
    pub fn repeat_lines(&self, selection: &Selection) -> Vec<Dated<RepeatLine>> {
        let active: Vec<&Visit> = self
            .visits
            .iter()
            .filter(|visit| selection.has(visit.day, visit.branch.as_deref()))
            .filter(|visit| self.pages(visit).len() > 2)
            .collect();
        let mut visits_of_user: HashMap<&str, u64> = HashMap::new();
        for user in active.iter().filter_map(|visit| visit.user.as_deref()) {
            *visits_of_user.entry(user).or_default() += 1;
        }
        let mut lines = Vec::new();
        for visit in active {
            let returning = visit.user.as_deref().is_some_and(|user| visits_of_user[user] > 1);
            let views = self.of_kind(visit, Kind::PageView);
            if let (true, Some(last)) = (returning, views.last()) {
                let products_details = self.viewed_products(visit);
                lines.push(Dated {
                    at: last.timestamp,
                    line: RepeatLine {
                        head: self.head_of_visit(visit, last.day),
                        page_views_count: self.pages(visit).len() as u64,
                        products_viewed: products_details.len() as u64,
                        products_details,
                    },
                });
            }
        }
        newest_first(lines)
    }

    /// One entry per distinct real item (by id, else by name) of the visit's `view_item` events.
    fn viewed_products(&self, visit: &Visit) -> Vec<ViewedProduct> {
        let mut seen: Vec<(Option<String>, Option<String>)> = Vec::new();
        let mut products = Vec::new();
        for view in self.of_kind(visit, Kind::ViewItem) {
            for item in &view.items {
                let key = match &item.item_id {
                    Some(id) => (Some(id.clone()), None),
                    None => (None, item.item_name.clone()),
                };
                if seen.contains(&key) {
                    continue;
                }
                seen.push(key);
                products.push(ViewedProduct {
                    title: item.item_name.clone().or(item.item_id.clone()).unwrap_or_default(),
                    url: view.page.clone(),
                    category: item.item_category.clone(),
                    price: item.price,
                });
            }
        }
        products
    }
}
