//! Carts that were left.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::event::Kind;
use super::lines::{Dated, Head, Product, newest_first};
use super::{Oracle, Selection};

/// One line of `GET /analytics/tasks/cart-abandonment`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct CartLine {
    /// what every line has
    #[serde(flatten)]
    pub head: Head,
    /// the same as `event_date`
    pub last_activity: NaiveDate,
    /// the last `add_to_cart`
    pub last_activity_at: DateTime<Utc>,
    /// number of item lines
    pub items_count: u64,
    /// sum of price x quantity, 0 when no price is known
    pub total_value: Decimal,
    /// whether any price is known
    pub has_value: bool,
    /// the real items of all `add_to_cart` events, in event order
    pub products: Vec<Product>,
}

impl Oracle {
    /// The visits of a selection that left a cart, latest cart activity first.
    #[must_use]
    pub fn cart_lines(&self, selection: &Selection) -> Vec<Dated<CartLine>> {
        let mut lines = Vec::new();
        for visit in &self.visits {
            if !selection.has(visit.day, visit.branch.as_deref()) || self.bought(visit) {
                continue;
            }
            let carts = self.of_kind(visit, Kind::AddToCart);
            let Some(last) = carts.last() else {
                continue;
            };
            let products: Vec<Product> = carts.iter().flat_map(|event| event.items.iter().cloned()).collect();
            lines.push(Dated {
                at: last.timestamp,
                line: CartLine {
                    head: self.head_of_visit(visit, last.day),
                    last_activity: last.day,
                    last_activity_at: DateTime::from_timestamp_micros(last.timestamp).unwrap_or_default(),
                    items_count: products.len() as u64,
                    total_value: products.iter().map(Product::value).sum(),
                    has_value: products.iter().any(|product| product.price.is_some()),
                    products,
                },
            });
        }
        newest_first(lines)
    }
}
