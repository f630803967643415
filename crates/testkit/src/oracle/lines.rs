//! What the lines of all task lists have in common.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::Oracle;
use super::visit::Visit;

/// A line and the time of its latest activity, which orders the list and is not in the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Dated<L> {
    /// microseconds since 1970
    pub at: i64,
    /// the line
    pub line: L,
}

/// The fields of every line, but for `line_id` and `completed`, which are the product's own.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Head {
    /// GA4's session id
    #[serde(deserialize_with = "text_or_number")]
    pub session_id: Option<String>,
    /// the visitor
    #[serde(deserialize_with = "present")]
    pub user_pseudo_id: Option<String>,
    /// the branch
    #[serde(deserialize_with = "present")]
    pub location_id: Option<String>,
    /// day of the line's latest event
    pub event_date: NaiveDate,
    /// the known user
    #[serde(deserialize_with = "present")]
    pub user_id: Option<String>,
    /// the buying company
    #[serde(deserialize_with = "present")]
    pub customer_name: Option<String>,
    /// e-mail address
    #[serde(deserialize_with = "present")]
    pub email: Option<String>,
    /// cell phone
    #[serde(deserialize_with = "present")]
    pub phone: Option<String>,
    /// office phone
    #[serde(deserialize_with = "present")]
    pub office_phone: Option<String>,
}

/// A real item of a purchase, a cart or a product view.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Product {
    /// id, when real
    #[serde(deserialize_with = "present")]
    pub item_id: Option<String>,
    /// name, when real
    #[serde(deserialize_with = "present")]
    pub item_name: Option<String>,
    /// category, when real
    #[serde(deserialize_with = "present")]
    pub item_category: Option<String>,
    /// in the tenant's currency; null when missing or unknown there
    #[serde(deserialize_with = "present")]
    pub price: Option<Decimal>,
    /// 1 when missing
    pub quantity: i64,
}

impl Product {
    /// Price x quantity, 0 without a price.
    #[must_use]
    pub fn value(&self) -> Decimal {
        self.price.unwrap_or_default() * Decimal::from(self.quantity)
    }
}

impl Oracle {
    /// The head of a line about a visit whose latest event of the line's kind fell on `event_date`.
    pub(super) fn head_of_visit(&self, visit: &Visit, event_date: NaiveDate) -> Head {
        self.head(
            Some(visit.session.clone()),
            Some(visit.visitor.clone()),
            visit.branch.as_deref(),
            visit.user.as_deref(),
            event_date,
        )
    }

    /// The head of a line from its parts, the customer looked up in the users table.
    pub(super) fn head(
        &self,
        session_id: Option<String>,
        user_pseudo_id: Option<String>,
        branch: Option<&str>,
        user: Option<&str>,
        event_date: NaiveDate,
    ) -> Head {
        let row = user.and_then(|user| self.users.get(user)).cloned().unwrap_or_default();
        Head {
            session_id,
            user_pseudo_id,
            location_id: branch.map(str::to_owned),
            event_date,
            user_id: user.map(str::to_owned),
            customer_name: row.buying_company_name,
            email: row.email,
            phone: row.cell_phone,
            office_phone: row.office_phone,
        }
    }
}

/// Newest first; lines of the same instant stay as they came, for the tie-break is the product's.
pub(super) fn newest_first<L>(mut lines: Vec<Dated<L>>) -> Vec<Dated<L>> {
    lines.sort_by_key(|line| std::cmp::Reverse(line.at));
    lines
}

/// An optional field whose key must be there all the same: serde would take a missing one for null.
pub(super) fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}

/// Session ids are compared as text, whichever JSON type carries them.
pub(super) fn text_or_number<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text)),
        Value::Number(number) => Ok(Some(number.to_string())),
        other => Err(serde::de::Error::custom(format!("{other} is neither text nor number"))),
    }
}
