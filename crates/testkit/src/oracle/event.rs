//! One event as the definitions see it, read from one raw row.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::Value;

use super::input::TenantSettings;
use super::lines::Product;
use super::read::{int, money, param, real_text, session_id};

/// The kinds of landed event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `page_view`
    PageView,
    /// `purchase`
    Purchase,
    /// `add_to_cart`
    AddToCart,
    /// `view_item`
    ViewItem,
    /// `view_search_results`
    Search,
    /// `no_search_results` and its aliases
    FailedSearch,
}

impl Kind {
    /// The kind's name in the product: its table, and its `event_type` in histories.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PageView => "page_view",
            Self::Purchase => "purchase",
            Self::AddToCart => "add_to_cart",
            Self::ViewItem => "view_item",
            Self::Search => "view_search_results",
            Self::FailedSearch => "no_search_results",
        }
    }

    fn of(name: &str, settings: &TenantSettings) -> Option<Self> {
        match name {
            "page_view" => Some(Self::PageView),
            "purchase" => Some(Self::Purchase),
            "add_to_cart" => Some(Self::AddToCart),
            "view_item" => Some(Self::ViewItem),
            "view_search_results" => Some(Self::Search),
            "no_search_results" | "view_search_results_no_results" => Some(Self::FailedSearch),
            other if settings.failed_search_aliases.iter().any(|a| a == other) => Some(Self::FailedSearch),
            _ => None,
        }
    }
}

/// A number that sorts behind all others when it is null.
type NullsLast = (bool, i64);

/// Event order: time, the three batch fields, and the identity in place of the product's `event_id`.
pub(super) type Order<'a> = (i64, NullsLast, NullsLast, NullsLast, &'a str);

#[derive(Clone, Debug)]
pub(super) struct Event {
    pub name: String,
    /// `None`: not landed, read for its user and branch only
    pub kind: Option<Kind>,
    pub day: NaiveDate,
    /// microseconds since 1970
    pub timestamp: i64,
    pub batch: [Option<i64>; 3],
    pub visitor: Option<String>,
    pub session: Option<String>,
    pub page: Option<String>,
    pub title: Option<String>,
    /// trimmed
    pub term: Option<String>,
    pub transaction: Option<String>,
    /// the user property's value
    pub web_user: Option<String>,
    /// GA4's own `user_id`
    pub ga_user: Option<String>,
    pub branch: Option<String>,
    /// in the tenant's currency; `None` when unknown there
    pub revenue: Option<Decimal>,
    /// the real ones, prices in the tenant's currency
    pub items: Vec<Product>,
    /// the parameter `event_id`
    pub given_id: Option<String>,
    /// what makes two rows of one day the same event, but for the number among equals
    pub identity: String,
}

impl Event {
    /// # Panics
    /// When name, day or time is missing or garbled.
    pub fn read(row: &Value, settings: &TenantSettings) -> Self {
        let date = row["event_date"].as_str().unwrap_or_default();
        let (Ok(day), Some(timestamp), Some(name)) =
            (NaiveDate::parse_from_str(date, "%Y%m%d"), int(&row["event_timestamp"]), row["event_name"].as_str())
        else {
            panic!("a row the product rejects was given to the oracle: {row}");
        };
        let params = &row["event_params"];
        let kind = Kind::of(name, settings);
        // The property of the same event wins; a site that sends it as a parameter is read too.
        let named = |key: &str| param(&row["user_properties"], key).or_else(|| param(params, key));
        let term = match kind {
            Some(Kind::FailedSearch) => {
                param(params, "no_search_results_term").or_else(|| param(params, "search_term"))
            }
            _ => param(params, "search_term"),
        };
        let own_money = param(params, "currency").is_none_or(|code| code == settings.currency);
        let amount = |local: &Value, in_usd: &Value| match (own_money, &*settings.currency) {
            (true, _) => money(local),
            (false, "USD") => money(in_usd),
            (false, _) => None,
        };
        let ecommerce = &row["ecommerce"];
        let items = row["items"].as_array().into_iter().flatten();
        let mut event = Self {
            name: name.to_owned(),
            kind,
            day,
            timestamp,
            batch: ["batch_page_id", "batch_ordering_id", "batch_event_index"].map(|key| int(&row[key])),
            visitor: real_text(&row["user_pseudo_id"]),
            session: param(params, "ga_session_id").map(|text| session_id(&text)),
            page: param(params, "page_location"),
            title: param(params, "page_title"),
            term: term.map(|term| term.trim().to_owned()),
            transaction: param(params, "transaction_id").or_else(|| real_text(&ecommerce["transaction_id"])),
            web_user: named(&settings.user_property),
            ga_user: real_text(&row["user_id"]),
            branch: named(&settings.branch_property),
            revenue: amount(&ecommerce["purchase_revenue"], &ecommerce["purchase_revenue_in_usd"]),
            items: items
                .map(|item| Product {
                    item_id: real_text(&item["item_id"]),
                    item_name: real_text(&item["item_name"]),
                    item_category: real_text(&item["item_category"]),
                    price: amount(&item["price"], &item["price_in_usd"]),
                    quantity: int(&item["quantity"]).unwrap_or(1),
                })
                .filter(|item| item.item_id.is_some() || item.item_name.is_some())
                .collect(),
            given_id: param(params, "event_id"),
            identity: String::new(),
        };
        event.identity = event.written_identity();
        event
    }

    fn written_identity(&self) -> String {
        if let Some(id) = &self.given_id {
            return format!("{:?} {id:?}", self.name);
        }
        let item_ids: Vec<_> = self.items.iter().map(|item| &item.item_id).collect();
        format!(
            "{:?}",
            (
                &self.name, self.timestamp, &self.visitor, &self.session, &self.transaction, &self.page, &self.term,
                item_ids
            )
        )
    }

    pub fn order(&self) -> Order<'_> {
        let [page, ordering, index] = self.batch.map(|field| (field.is_none(), field.unwrap_or_default()));
        (self.timestamp, page, ordering, index, &self.identity)
    }

    /// The user of an event that stands alone.
    pub fn own_user(&self) -> Option<&str> {
        self.web_user.as_deref().or(self.ga_user.as_deref())
    }
}
