//! What was bought, by transaction: the API ties items to nothing else of an event (ga4.md 3.3).

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::fetch::Fetched;
use super::pages::{Asked, Pages};
use super::rows::decimal;
use crate::ga4::real_text;
use crate::sources::SourceError;

/// What the report's pages are kept under.
pub const ITEMS: &str = "items";
pub const ITEM_DIMENSIONS: [&str; 4] = ["transactionId", "itemId", "itemName", "itemCategory"];
pub const ITEM_METRICS: [&str; 2] = ["itemsPurchased", "itemRevenue"];

/// The report of a day's items. Not by event name: only what was bought has been purchased.
pub fn items_asked() -> Asked {
    let names = |names: &[&str]| names.iter().copied().map(str::to_owned).collect();
    Asked { name: ITEMS.to_owned(), dimensions: names(&ITEM_DIMENSIONS), metrics: names(&ITEM_METRICS), events: None }
}

#[derive(Debug)]
struct Bought {
    id: Box<str>,
    name: Box<str>,
    category: Box<str>,
    quantity: Option<Decimal>,
    price: Option<Decimal>,
}

/// The items of a day's transactions. Memory: some 200 bytes an item.
#[derive(Debug, Default)]
pub struct ItemsByTransaction {
    of: HashMap<String, Vec<Bought>>,
    /// There were too many to be held.
    pub left_out: bool,
}

impl ItemsByTransaction {
    /// Reads the day's items, if there are not more than `most` rows of them. Blocking.
    ///
    /// # Errors
    /// A page cannot be read.
    pub fn read(pages: &Pages, fetched: Option<&Fetched>, most: u64) -> Result<Self, SourceError> {
        let mut items = Self::default();
        let Some(fetched) = fetched else { return Ok(items) };
        if fetched.rows > most {
            items.left_out = true;
            return Ok(items);
        }
        pages.each(ITEMS, |row| {
            if let (Ok([transaction, id, name, category]), [bought, revenue]) =
                (<[String; 4]>::try_from(row.dimensions), row.metrics.as_slice())
                && let Some(transaction) = real_text(&transaction)
            {
                let quantity = decimal(bought).filter(|n| !n.is_zero());
                let price = quantity.zip(decimal(revenue)).and_then(|(n, sum)| sum.checked_div(n));
                items.of.entry(transaction).or_default().push(Bought {
                    id: id.into(),
                    name: name.into(),
                    category: category.into(),
                    quantity,
                    price: price.map(|price| price.round_dp(6).normalize()),
                });
            }
            Ok(())
        })?;
        Ok(items)
    }

    /// The items of a transaction, as an export has them.
    pub fn of(&self, transaction: &str) -> Option<Vec<Value>> {
        let item = |Bought { id, name, category, quantity, price }: &Bought| {
            json!({
                "item_id": id, "item_name": name, "item_category": category,
                "price": price.map(|p| p.to_string()), "quantity": quantity.map(|n| n.normalize().to_string()),
            })
        };
        self.of.get(transaction).map(|items| items.iter().map(item).collect())
    }
}
