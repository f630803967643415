//! Amounts in other currencies than the tenant's.

use super::*;
use crate::rows::Item;

/// A purchase of one valve in `code`, 100 there and 110 in dollars.
fn sale(code: &str) -> Event {
    event("purchase", "05 10:00:00")
        .currency(code)
        .revenue(100.0)
        .revenue_in_usd(110.0)
        .item(Item::new("S1", "Valve").price(50.0).price_in_usd(55.0))
}

/// Revenue and item price as a tenant that counts in `currency` sees them.
fn seen(currency: &str, sale: Event) -> (Option<Decimal>, Option<Decimal>) {
    let oracle = Oracle::new(&input_in(currency, vec![sale]));
    let line = &oracle.purchase_lines(&january(5, 5))[0].line;
    (line.has_value.then_some(line.order_value), line.products[0].price)
}

#[test]
fn the_tenants_own_currency_counts_as_it_is() {
    assert_eq!(seen("EUR", sale("EUR")), (Some(decimal("100")), Some(decimal("50"))));
    assert_eq!(seen("USD", sale("USD")), (Some(decimal("100")), Some(decimal("50"))));
}

#[test]
fn an_unnamed_currency_is_the_tenants() {
    for nothing in ["(not set)", ""] {
        assert_eq!(seen("EUR", sale(nothing)), (Some(decimal("100")), Some(decimal("50"))));
    }
}

#[test]
fn another_currency_counts_in_dollars_for_a_dollar_tenant_only() {
    assert_eq!(seen("USD", sale("EUR")), (Some(decimal("110")), Some(decimal("55"))));
    assert_eq!(seen("EUR", sale("USD")), (None, None));
    assert_eq!(seen("KWD", sale("EUR")), (None, None));
}

#[test]
fn missing_amounts_are_unknown_and_a_zero_is_a_value() {
    let bare = event("purchase", "05 10:00:00").item(Item::new("S1", "Valve"));
    assert_eq!(seen("USD", bare.clone().currency("EUR")), (None, None));
    assert_eq!(seen("USD", bare.clone().revenue_in_usd(5.0)), (None, None));
    assert_eq!(seen("USD", bare.revenue(0.0)), (Some(decimal("0")), None));
}

#[test]
fn three_decimals_are_exact() {
    let sale = |id: &str, amount: f64| event("purchase", "05 10:00:00").transaction(id).revenue(amount);
    let events = vec![sale("1", 12.345), sale("2", 0.1), sale("3", 0.2)];
    let oracle = Oracle::new(&input_in("KWD", events));
    assert_eq!(oracle.metrics(&january(5, 5)).revenue, decimal("12.645"));
}
