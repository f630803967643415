//! Amounts and numbers for people's eyes: `$1,234.50`, `¥1,235`, `CAD 12.00`, `1,234`.

use iso_currency::Currency;
use rust_decimal::{Decimal, RoundingStrategy};

/// Currencies that people know by a sign that no other uses in English. All others go by their code.
const SIGNS: [(&str, &str); 8] =
    [("USD", "$"), ("EUR", "€"), ("GBP", "£"), ("JPY", "¥"), ("INR", "₹"), ("KRW", "₩"), ("ILS", "₪"), ("VND", "₫")];

/// How amounts of a tenant are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Money {
    before: String,
    digits: u32,
}

impl Money {
    /// `currency` is an ISO 4217 code; one that the standard does not know has two decimals.
    pub(crate) fn of(currency: &str) -> Self {
        let sign = SIGNS.iter().find(|(code, _)| *code == currency).map(|(_, sign)| *sign);
        let digits = Currency::from_code(currency).and_then(Currency::exponent).unwrap_or(2);
        Self { before: sign.map_or_else(|| format!("{currency} "), str::to_owned), digits: u32::from(digits) }
    }

    /// Rounded to the currency's decimals, half away from zero.
    pub(crate) fn text(&self, amount: Decimal) -> String {
        let number = grouped(amount, self.digits);
        match number.strip_prefix('-') {
            Some(number) => format!("-{}{number}", self.before),
            None => format!("{}{number}", self.before),
        }
    }
}

/// A number with separators between thousands and this many decimals, rounded half away from zero.
pub(crate) fn grouped(number: Decimal, decimals: u32) -> String {
    let number = number.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    let plain = format!("{:.*}", decimals as usize, number.abs());
    let (whole, fraction) = plain.split_once('.').map_or((plain.as_str(), None), |(w, f)| (w, Some(f)));
    let mut text = String::with_capacity(plain.len() + plain.len() / 3 + 1);
    if number.is_sign_negative() && !number.is_zero() {
        text.push('-');
    }
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push('.');
        text.push_str(fraction);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn amounts_have_their_currencys_sign_and_decimals() {
        for (currency, value, expected) in [
            ("USD", "1410625.86", "$1,410,625.86"),
            ("USD", "0", "$0.00"),
            ("USD", "-12.5", "-$12.50"),
            ("USD", "-0.001", "$0.00"),
            ("USD", "0.125", "$0.13"),
            ("EUR", "999.995", "€1,000.00"),
            ("JPY", "1234567.5", "¥1,234,568"),
            ("KWD", "12.3456", "KWD 12.346"),
            ("CAD", "-1000", "-CAD 1,000.00"),
            ("ZZZ", "1", "ZZZ 1.00"),
            ("KRW", "100", "₩100"),
        ] {
            assert_eq!(Money::of(currency).text(amount(value)), expected, "{currency} {value}");
        }
    }

    #[test]
    fn thousands_are_set_apart() {
        for (value, decimals, expected) in [
            ("0", 0, "0"),
            ("999", 0, "999"),
            ("1000", 0, "1,000"),
            ("-123456", 0, "-123,456"),
            ("1234.56", 1, "1,234.6"),
        ] {
            assert_eq!(grouped(amount(value), decimals), expected);
        }
    }
}
