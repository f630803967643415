//! What one user or one visit did, event by event.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde_json::Value;

use super::Oracle;
use super::event::{Event, Kind};
use super::lines::Product;
use super::read::money;

/// One element of `GET /analytics/history/*`.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryEntry {
    /// microseconds since 1970
    pub event_timestamp: i64,
    /// GA4's session id
    pub session_id: Option<String>,
    /// the kind's name, aliases under the name of their kind
    pub event_type: String,
    /// by kind
    pub details: Details,
}

/// `details` by kind of event.
#[derive(Clone, Debug, PartialEq)]
pub enum Details {
    /// of a page view
    Page {
        /// the page
        location: Option<String>,
        /// its title
        title: Option<String>,
    },
    /// of one real item that was viewed or put into the cart
    Item(Product),
    /// of a search, found or not
    Search {
        /// the term
        term: Option<String>,
    },
    /// of a purchase event, counted or not
    Purchase {
        /// the real transaction id
        transaction_id: Option<String>,
        /// in the tenant's currency
        revenue: Option<Decimal>,
        /// the real items: the answer has no category for them
        items: Vec<Product>,
    },
}

/// The answer to a session id.
#[derive(Clone, Debug, PartialEq)]
pub enum SessionHistory {
    /// one visitor's entries, oldest first (none when the visit is unknown)
    Entries(Vec<HistoryEntry>),
    /// several visitors share the id: who they are, sorted
    Ambiguous(Vec<String>),
}

impl Oracle {
    /// The newest `limit` entries of a known user, oldest first: those of the user's visits, and those of events that
    /// belong to no visit and name the user themselves.
    #[must_use]
    pub fn user_history(&self, user_id: &str, limit: usize) -> Vec<HistoryEntry> {
        let events = (0..self.events.len()).filter(|&event| self.user_of(event) == Some(user_id));
        self.entries(events, limit)
    }

    /// The newest `limit` entries of a visit, oldest first; without a visitor only when one visitor has that id.
    #[must_use]
    pub fn session_history(&self, session_id: &str, user_pseudo_id: Option<&str>, limit: usize) -> SessionHistory {
        let candidates: BTreeSet<&str> = self
            .visits
            .iter()
            .filter(|visit| visit.session == session_id)
            .map(|visit| visit.visitor.as_str())
            .collect();
        let visitor = match user_pseudo_id {
            Some(visitor) => Some(visitor),
            None if candidates.len() > 1 => {
                return SessionHistory::Ambiguous(candidates.into_iter().map(str::to_owned).collect());
            }
            None => candidates.first().copied(),
        };
        let events = self
            .visits
            .iter()
            .filter(|visit| visit.session == session_id && Some(visit.visitor.as_str()) == visitor)
            .flat_map(|visit| visit.members.iter().copied());
        SessionHistory::Entries(self.entries(events, limit))
    }

    fn entries(&self, events: impl Iterator<Item = usize>, limit: usize) -> Vec<HistoryEntry> {
        let mut entries: Vec<HistoryEntry> = events.flat_map(|event| of(&self.events[event])).collect();
        entries.split_off(entries.len().saturating_sub(limit))
    }
}

/// The entries of one event: none when it is not landed, one per real item for views and carts, else one.
fn of(event: &Event) -> Vec<HistoryEntry> {
    let Some(kind) = event.kind else {
        return Vec::new();
    };
    let details = match kind {
        Kind::PageView => vec![Details::Page { location: event.page.clone(), title: event.title.clone() }],
        Kind::ViewItem | Kind::AddToCart => event.items.iter().cloned().map(Details::Item).collect(),
        Kind::Search | Kind::FailedSearch => vec![Details::Search { term: event.term.clone() }],
        Kind::Purchase => vec![Details::Purchase {
            transaction_id: event.transaction.clone(),
            revenue: event.revenue,
            items: event.items.iter().cloned().map(uncategorised).collect(),
        }],
    };
    details
        .into_iter()
        .map(|details| HistoryEntry {
            event_timestamp: event.timestamp,
            session_id: event.session.clone(),
            event_type: kind.name().to_owned(),
            details,
        })
        .collect()
}

fn uncategorised(product: Product) -> Product {
    Product { item_category: None, ..product }
}

impl HistoryEntry {
    /// Reads one element of the product's answer.
    ///
    /// # Errors
    /// When a field is missing or of another type than api.md says.
    pub fn from_api(json: &Value) -> Result<Self, String> {
        let event_type = text(json, "event_type")?.unwrap_or_default();
        let details = &json["details"];
        let details = match event_type.as_str() {
            "page_view" => {
                Details::Page { location: text(details, "page_location")?, title: text(details, "page_title")? }
            }
            "view_item" | "add_to_cart" => Details::Item(product(details, "category")?),
            "view_search_results" | "no_search_results" => Details::Search { term: text(details, "search_term")? },
            "purchase" => Details::Purchase {
                transaction_id: text(details, "transaction_id")?,
                revenue: revenue(text(details, "revenue")?)?,
                items: inner_items(&text(details, "items")?.unwrap_or_default())?,
            },
            other => return Err(format!("unknown event_type {other:?}")),
        };
        Ok(Self {
            event_timestamp: json["event_timestamp"]
                .as_i64()
                .ok_or_else(|| format!("event_timestamp is no whole number in {json}"))?,
            session_id: match &json["param_ga_session_id"] {
                Value::Number(number) => Some(number.to_string()),
                _ => text(json, "param_ga_session_id")?,
            },
            event_type,
            details,
        })
    }
}

/// A field that must be there, as text or null.
fn text(json: &Value, key: &str) -> Result<Option<String>, String> {
    match json.get(key) {
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(Value::Null) => Ok(None),
        _ => Err(format!("{key} is neither text nor null in {json}")),
    }
}

fn product(json: &Value, category: &str) -> Result<Product, String> {
    Ok(Product {
        item_id: text(json, "item_id")?,
        item_name: text(json, "item_name")?,
        item_category: text(json, category)?,
        price: money(&json["price"]),
        quantity: json["quantity"].as_i64().ok_or_else(|| format!("quantity is no whole number in {json}"))?,
    })
}

/// The amount in a revenue text such as `$12.50` or `EUR 12.50`.
fn revenue(text: Option<String>) -> Result<Option<Decimal>, String> {
    let Some(text) = text else {
        return Ok(None);
    };
    let amount = text.trim_start_matches(|c: char| !c.is_ascii_digit() && c != '-');
    amount.parse().map(Some).map_err(|_| format!("{text:?} is no amount"))
}

/// The purchase's items, which the answer carries as JSON text with the name and the id under two keys each.
fn inner_items(text: &str) -> Result<Vec<Product>, String> {
    let items: Vec<Value> = serde_json::from_str(text).map_err(|e| format!("items: {e}"))?;
    items
        .iter()
        .map(|item| {
            if item["name"] != item["item_name"] || item["sku"] != item["item_id"] {
                return Err(format!("name, sku and item_name, item_id differ in {item}"));
            }
            let mut item = item.clone();
            item["item_category"] = Value::Null;
            product(&item, "item_category")
        })
        .collect()
}
