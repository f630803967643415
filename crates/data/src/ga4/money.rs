//! Money as exact decimals, in the tenant's currency or not at all.

use rust_decimal::Decimal;
use serde_json::{Map, Value};

/// A number or numeric text as a decimal; none when absent, not a number, or beyond 28 digits.
pub fn decimal(value: Option<&Value>) -> Option<Decimal> {
    match value? {
        Value::Number(number) => parse(&number.to_string()),
        Value::String(text) => parse(text.trim()),
        _ => None,
    }
}

fn parse(text: &str) -> Option<Decimal> {
    let parsed = if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { text.parse() };
    parsed.ok().map(|d: Decimal| d.normalize())
}

/// How amounts of one event reach the tenant's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conversion {
    /// The event is in the tenant's currency.
    Same,
    /// Another currency, and the tenant counts in USD: GA4's `…_in_usd` fields.
    InUsd,
    /// Another currency, and nothing to convert by: the amount is unknown.
    Unknown,
}

impl Conversion {
    /// From the event's currency (none = the property's, taken as the tenant's) and the tenant's.
    pub fn of(event: Option<&str>, tenant: &str) -> Self {
        match event {
            None => Self::Same,
            Some(currency) if currency.eq_ignore_ascii_case(tenant) => Self::Same,
            Some(_) if tenant == "USD" => Self::InUsd,
            Some(_) => Self::Unknown,
        }
    }

    /// The amount under `field` of a struct, in the tenant's currency.
    pub fn amount(self, fields: &Map<String, Value>, field: &str, field_in_usd: &str) -> Option<Decimal> {
        match self {
            Self::Same => decimal(fields.get(field)),
            Self::InUsd => decimal(fields.get(field_in_usd)),
            Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Conversion, decimal};

    #[test]
    fn amounts_are_exact() {
        assert_eq!(decimal(Some(&json!(44.79))).map(|d| d.to_string()), Some("44.79".into()));
        assert_eq!(decimal(Some(&json!("1.0E3"))).map(|d| d.to_string()), Some("1000".into()));
        assert_eq!(decimal(Some(&json!(null))), None);
        assert_eq!(decimal(Some(&json!("NaN"))), None);
    }

    #[test]
    fn another_currency_counts_only_through_usd() {
        assert_eq!(Conversion::of(Some("usd"), "USD"), Conversion::Same);
        assert_eq!(Conversion::of(Some("EUR"), "USD"), Conversion::InUsd);
        assert_eq!(Conversion::of(Some("USD"), "EUR"), Conversion::Unknown);
        assert_eq!(Conversion::of(None, "EUR"), Conversion::Same);
    }
}
