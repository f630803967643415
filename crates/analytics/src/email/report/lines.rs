//! Lines of the task lists as a mail shows them: who, how to reach them, what about, how much.
//!
//! The order is the list's own: by value, whoever it is. A line whose customer nobody knows stays in its place and says
//! so, and a line that somebody completed stays too, marked: the mail and the list behind its link agree.

use std::str::FromStr;

use chrono_tz::Tz;
use rust_decimal::Decimal;
use serde_json::Number;

use crate::{
    email::render::{
        Money, Text, grouped,
        mail::{Contact, Line, Page},
    },
    tasks::{
        AbandonedCartLine, BounceLine, BouncedPage, LineHead, ProductView, PurchaseLine, RepeatVisitLine, SearchLine,
        SearchType,
    },
};

const NAME: usize = 60;
const DETAILS: usize = 200;
const PRODUCT: usize = 60;
/// Products named in a line.
const PRODUCTS: usize = 4;
const PAGE: usize = 120;

/// How lines of a tenant are written.
#[derive(Debug, Clone)]
pub(super) struct Wording {
    pub(super) money: Money,
    pub(super) time_zone: Tz,
}

impl Wording {
    pub(super) fn purchase(&self, line: PurchaseLine) -> Line {
        let order = line.transaction_id.map(|id| format!("Order {id}"));
        let value = if line.has_value { self.amount(&line.order_value) } else { String::new() };
        self.line(line.head, [order, self.products(&line.products)], value)
    }

    pub(super) fn cart(&self, line: AbandonedCartLine) -> Line {
        let last = line.last_activity_at.with_timezone(&self.time_zone).format("last added %H:%M").to_string();
        let value = if line.has_value { self.amount(&line.total_value) } else { String::new() };
        self.line(line.head, [self.products(&line.products), Some(last)], value)
    }

    pub(super) fn search(&self, line: SearchLine) -> Line {
        let term = Text::new(&line.search_term, PRODUCT * 2);
        let term = term.as_str();
        let what = match line.search_type {
            SearchType::NoResults => format!("\u{201c}{term}\u{201d} found nothing"),
            SearchType::NoConversion => format!("searched for \u{201c}{term}\u{201d} and bought nothing"),
        };
        self.line(line.head, [Some(what), None], counted(line.search_count, "search", "searches"))
    }

    pub(super) fn repeat_visit(&self, line: RepeatVisitLine) -> Line {
        let titles = line.products_details.iter().filter_map(|product| product.title.as_deref());
        let names: Vec<String> = titles.map(|title| Text::new(title, PRODUCT).as_str().to_owned()).collect();
        let looked_at = some(&names).map(|names| format!("looked at {names}"));
        let pages = counted(line.page_views_count, "page", "pages");
        self.line(line.head, [looked_at, Some(pages)], counted(line.products_viewed, "product", "products"))
    }

    pub(super) fn bounce(&self, line: BounceLine) -> Line {
        let page = Text::new(&line.entry_page, PAGE).as_str().to_owned();
        self.line(line.head, [Some(page), None], String::new())
    }

    fn line(&self, head: LineHead, details: [Option<String>; 2], value: String) -> Line {
        let known = [&head.customer_name, &head.user_id];
        let who = known.into_iter().flatten().map(|name| Text::new(name, NAME)).find(|name| !name.is_empty());
        let (phone, office) =
            (head.phone.as_deref(), head.office_phone.as_deref().filter(|n| head.phone.as_deref() != Some(n)));
        let contacts = [
            phone.and_then(Contact::phone),
            office.and_then(Contact::phone),
            head.email.as_deref().and_then(Contact::email),
        ];
        let details: Vec<String> = details.into_iter().flatten().filter(|detail| !detail.is_empty()).collect();
        Line {
            who,
            contacts: contacts.into_iter().flatten().collect(),
            details: Text::new(&details.join("; "), DETAILS),
            value,
            completed: head.completed,
        }
    }

    fn products(&self, products: &[ProductView]) -> Option<String> {
        let named = products.iter().filter_map(|product| {
            let name = Text::new(product.item_name.as_deref().or(product.item_id.as_deref())?, PRODUCT);
            let quantity = decimal(&product.quantity).normalize();
            Some(if quantity == Decimal::ONE {
                name.as_str().to_owned()
            } else {
                format!("{quantity} x {}", name.as_str())
            })
        });
        some(&named.collect::<Vec<_>>())
    }

    fn amount(&self, number: &Number) -> String {
        self.money.text(decimal(number))
    }
}

/// The entry pages that bounce most.
pub(super) fn page(page: &BouncedPage) -> Page {
    Page { page: Text::new(&page.entry_page, PAGE), bounces: grouped(Decimal::from(page.bounce_count), 0) }
}

/// The first of them, and how many more there are.
fn some(names: &[String]) -> Option<String> {
    let shown = names.get(..PRODUCTS).unwrap_or(names).join(", ");
    match names.len().checked_sub(PRODUCTS) {
        _ if names.is_empty() => None,
        None | Some(0) => Some(shown),
        Some(more) => Some(format!("{shown} and {more} more")),
    }
}

fn counted(number: i64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(Decimal::from(number), 0), if number == 1 { one } else { many })
}

/// A number of JSON; one that no decimal holds is nothing that money is.
fn decimal(number: &Number) -> Decimal {
    let text = number.to_string();
    Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).unwrap_or_default()
}
