//! Purchases that count, and the list of those to follow up.

use std::collections::HashSet;

use rust_decimal::Decimal;
use serde::Deserialize;

use super::event::{Event, Kind};
use super::lines::{Dated, Head, Product, newest_first, present, text_or_number};
use super::{Oracle, Selection};

/// One line of `GET /analytics/tasks/purchases`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct PurchaseLine {
    /// what every line has
    #[serde(flatten)]
    pub head: Head,
    /// the real transaction id
    #[serde(deserialize_with = "present")]
    pub transaction_id: Option<String>,
    /// revenue in the tenant's currency, 0 when unknown
    pub order_value: Decimal,
    /// whether it is known
    pub has_value: bool,
    /// the page of the purchase, empty when there is none
    pub page_location: String,
    /// the same as the head's `session_id`
    #[serde(deserialize_with = "text_or_number")]
    pub ga_session_id: Option<String>,
    /// the purchase's real items, in order
    pub products: Vec<Product>,
}

/// The purchases that count, as indexes into `events`, which are in event order: per real transaction id the first.
pub(super) fn counted(events: &[Event]) -> Vec<usize> {
    let mut seen: HashSet<&str> = HashSet::new();
    let mut counted = Vec::new();
    for (index, event) in events.iter().enumerate() {
        if event.kind != Some(Kind::Purchase) {
            continue;
        }
        let is_first = match &event.transaction {
            Some(id) => seen.insert(id),
            None => true,
        };
        if is_first {
            counted.push(index);
        }
    }
    counted
}

impl Oracle {
    /// The counted purchases of a selection, newest first.
    #[must_use]
    pub fn purchase_lines(&self, selection: &Selection) -> Vec<Dated<PurchaseLine>> {
        let mut lines = Vec::new();
        for &index in &self.counted {
            let event = &self.events[index];
            if !selection.has(event.day, self.branch_of(index)) {
                continue;
            }
            lines.push(Dated {
                at: event.timestamp,
                line: PurchaseLine {
                    head: self.head(
                        event.session.clone(),
                        event.visitor.clone(),
                        self.branch_of(index),
                        self.user_of(index),
                        event.day,
                    ),
                    transaction_id: event.transaction.clone(),
                    order_value: event.revenue.unwrap_or_default(),
                    has_value: event.revenue.is_some(),
                    page_location: event.page.clone().unwrap_or_default(),
                    ga_session_id: event.session.clone(),
                    products: event.items.clone(),
                },
            });
        }
        newest_first(lines)
    }
}
