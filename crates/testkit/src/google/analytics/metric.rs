//! What one event, or one item of it, adds to a metric.

use std::collections::HashSet;

use serde_json::Value;

use super::dimension::{Seen, text};
use super::number;

/// A metric while it is counted.
#[derive(Default)]
pub(super) struct Tally {
    sum: f64,
    people: HashSet<String>,
}

impl Tally {
    /// Counts an event, or an item of it; `first` is false for a purchase whose id came before.
    pub(super) fn add(&mut self, metric: &str, seen: &Seen<'_>, item: Option<&Value>, first: bool) {
        let name = text(&seen.event["event_name"]).unwrap_or_default();
        let person = text(&seen.event["user_pseudo_id"]);
        let purchase = name == "purchase" && first;
        let one_if = |is: bool| if is { 1.0 } else { 0.0 };
        match metric {
            "activeUsers" => self.people.extend(person),
            "sessions" => {
                let session =
                    person.zip(seen.param("ga_session_id")).map(|(person, session)| format!("{person} {session}"));
                self.people.extend(session);
            }
            "eventCount" => self.sum += 1.0,
            "eventValue" => self.sum += amount(&seen.param("value").map_or(Value::Null, Value::from)),
            "screenPageViews" => self.sum += one_if(matches!(name.as_str(), "page_view" | "screen_view")),
            "addToCarts" => self.sum += one_if(name == "add_to_cart"),
            "itemViewEvents" => self.sum += one_if(name == "view_item"),
            "transactions" | "ecommercePurchases" => self.sum += one_if(purchase),
            "purchaseRevenue" | "totalRevenue" if purchase => {
                self.sum += amount(&seen.event["ecommerce"]["purchase_revenue"]);
            }
            "itemsViewed" if name == "view_item" => self.sum += units(item),
            "itemsAddedToCart" if name == "add_to_cart" => self.sum += units(item),
            "itemsPurchased" if purchase => self.sum += units(item),
            "itemRevenue" if purchase => {
                self.sum += item.map_or(0.0, |item| amount(&item["price"]) * units(Some(item)));
            }
            _ => {}
        }
    }

    /// Takes in another, as the row `(other)` does with the rows it stands for.
    pub(super) fn take_in(&mut self, other: Self) {
        self.sum += other.sum;
        self.people.extend(other.people);
    }

    pub(super) fn value(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "no test has 2^53 people")]
        let people = self.people.len() as f64;
        self.sum + people
    }

    pub(super) fn text(&self) -> String {
        number::text(self.value())
    }
}

fn amount(value: &Value) -> f64 {
    text(value).and_then(|text| text.parse().ok()).unwrap_or(0.0)
}

/// An item without a quantity is one of it.
fn units(item: Option<&Value>) -> f64 {
    item.map_or(0.0, |item| text(&item["quantity"]).and_then(|text| text.parse().ok()).unwrap_or(1.0))
}
