//! Items and money of the demo: prices in the visit's currency, orders, orders that fire twice.

use super::{
    catalogue::Product,
    chance::Chance,
    event::{Ecommerce, Event, Int, Item, Param},
    story::Story,
};

/// A currency of the shop's visitors.
pub(super) struct Currency {
    pub code: &'static str,
    /// thousandths of it for a dollar
    per_dollar: i64,
    /// smallest amount in thousandths: 10 with two decimals, 1 with three
    unit: i64,
}

pub(super) static USD: Currency = Currency { code: "USD", per_dollar: 1000, unit: 10 };
pub(super) static CAD: Currency = Currency { code: "CAD", per_dollar: 1372, unit: 10 };
/// Three decimals.
pub(super) static KWD: Currency = Currency { code: "KWD", per_dollar: 307, unit: 1 };

impl Currency {
    /// Thousandths of this currency for thousandths of a dollar, rounded to what the currency has.
    fn convert(&self, dollars: i64) -> i64 {
        let exact = dollars * self.per_dollar;
        (exact + 500 * self.unit) / (1000 * self.unit) * self.unit
    }
}

/// An amount in thousandths as the export's FLOAT64.
fn float(thousandths: i64) -> f64 {
    thousandths as f64 / 1000.0
}

/// A product with how many of it.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub product: &'a Product,
    pub quantity: i64,
}

/// How many people buy of a thing: singles mostly, boxes of small ones.
pub(super) fn quantity(chance: &mut Chance, product: &Product) -> i64 {
    if product.price < 10_000 {
        *chance.weighted(&[(2, 1), (3, 2), (3, 5), (3, 10), (1, 25)])
    } else {
        *chance.weighted(&[(7, 1), (3, 2), (1, 4)])
    }
}

/// The product as an item; without a quantity where it is only looked at.
pub(super) fn item(product: &Product, quantity: Option<i64>, currency: &Currency) -> Item {
    Item {
        item_id: product.id.clone().into(),
        item_name: product.name.clone().into(),
        item_brand: product.brand.into(),
        item_variant: "(not set)".into(),
        item_category: product.category.into(),
        item_category2: product.category2.into(),
        price_in_usd: Some(float(product.price)),
        price: Some(float(currency.convert(product.price))),
        quantity: quantity.map(Int),
        coupon: "(not set)".into(),
        item_list_name: "(not set)".into(),
        // A custom parameter of the shop, on the larger things.
        item_params: if product.price > 100_000 {
            vec![Param::int("branch_stock", product.price % 17)]
        } else {
            Vec::new()
        },
    }
}

/// What GA4 writes where a site sent no item.
pub(super) fn filler() -> Item {
    let nothing = || "(not set)".into();
    Item {
        item_id: nothing(),
        item_name: nothing(),
        item_brand: nothing(),
        item_variant: nothing(),
        item_category: nothing(),
        item_category2: nothing(),
        coupon: nothing(),
        item_list_name: nothing(),
        ..Item::default()
    }
}

/// Adds a purchase of these lines, and often enough once more: fired twice, or a reload of the confirmation page.
pub(super) fn purchase(story: &mut Story, lines: &[Line], currency: &Currency, number: i64) {
    let total: i64 = lines.iter().map(|line| line.product.price * line.quantity).sum();
    let total_local: i64 = lines.iter().map(|line| currency.convert(line.product.price) * line.quantity).sum();
    let id = format!("SO-{number}");
    // How the order's number is sent depends on the tag: mostly text, else a number, else in ecommerce only, else not.
    let kind = *story.chance.weighted(&[(70, 0), (20, 1), (6, 2), (4, 3)]);
    let mut params = vec![Param::text("currency", currency.code), Param::double("value", float(total_local))];
    match kind {
        0 => params.push(Param::text("transaction_id", id.clone())),
        1 => params.push(Param::int("transaction_id", number)),
        3 => params.push(Param::text("transaction_id", "(not set)")),
        _ => {}
    }
    let ecommerce = if kind == 3 {
        // Seen in real exports: no id, no revenue, one filler for the items.
        Ecommerce { unique_items: Some(Int(1)), transaction_id: Some("(not set)".into()), ..Ecommerce::default() }
    } else {
        Ecommerce {
            total_item_quantity: Some(Int(lines.iter().map(|line| line.quantity).sum())),
            purchase_revenue_in_usd: Some(float(total)),
            purchase_revenue: Some(float(total_local)),
            shipping_value: Some(float(currency.convert(if total > 250_000 { 0 } else { 18_500 }))),
            tax_value: Some(float(currency.convert(total / 1000 * 62))),
            unique_items: Some(Int(i64::try_from(lines.len()).unwrap_or_default())),
            transaction_id: Some(if kind == 1 { "(not set)".into() } else { id.into() }),
        }
    };
    let items = if kind == 3 {
        vec![filler()]
    } else {
        lines.iter().map(|line| item(line.product, Some(line.quantity), currency)).collect()
    };
    let event = story.tell("purchase", params);
    event.items = items;
    event.ecommerce = Some(ecommerce);
    let copy = event.clone();
    if story.chance.percent(11.0) {
        fire_again(story, &copy, 35_000);
    } else if story.chance.percent(4.0) {
        story.wait(60, 900);
        story.open_path("/checkout/complete", "Thank you for your order");
        fire_again(story, &copy, 0);
    }
}

/// The same purchase again, `later` microseconds from now: nothing but time and batch differs.
fn fire_again(story: &mut Story, purchase: &Event, later: i64) {
    let again = story.tell("purchase", Vec::new());
    let (at, batch) = (again.at + later, again.batch);
    *again = Event { at, batch, ..purchase.clone() };
}
