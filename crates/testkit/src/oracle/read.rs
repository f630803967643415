//! Reading single values out of a raw row: typed slots, what is no value, whole numbers, money.

use rust_decimal::Decimal;
use serde_json::Value;

/// Texts that stand for nothing, beside the empty one.
const FILLERS: [&str; 3] = ["(not set)", "(other)", "(data not available)"];

/// The text when it is a value: neither blank nor one of GA4's fillers.
pub(super) fn real(text: Option<String>) -> Option<String> {
    text.filter(|text| {
        let bare = text.trim();
        !bare.is_empty() && !FILLERS.contains(&bare)
    })
}

/// A JSON text field when it is a value.
pub(super) fn real_text(field: &Value) -> Option<String> {
    real(field.as_str().map(str::to_owned))
}

/// The value of the entry `key` in a list of `{key, value}`, whichever slot holds it, when it is a value.
pub(super) fn param(list: &Value, key: &str) -> Option<String> {
    let entries = list.as_array()?;
    let entry = entries.iter().find(|entry| entry["key"] == key)?;
    let value = &entry["value"];
    let slot =
        ["string_value", "int_value", "float_value", "double_value"].into_iter().find(|slot| !value[slot].is_null())?;
    let text = match &value[slot] {
        Value::String(text) if slot == "string_value" => text.clone(),
        number => plain(number)?,
    };
    real(Some(text))
}

/// A number as people write it: `4711`, never `4711.0` or `4.711e3`.
fn plain(number: &Value) -> Option<String> {
    Some(money(number)?.normalize().to_string())
}

/// An INT64 field, which arrives as a number or as text.
pub(super) fn int(field: &Value) -> Option<i64> {
    match field {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// An exact amount from a FLOAT64 field, which arrives as a number or as text.
pub(super) fn money(field: &Value) -> Option<Decimal> {
    let text = match field {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    text.parse().or_else(|_| Decimal::from_scientific(&text)).ok()
}

/// The visit's number inside `ga_session_id`: server-side senders leave the whole cookie `s<number>$o5$g1$…` in it.
pub(super) fn session_id(text: &str) -> String {
    let digits: String = match text.strip_prefix('s') {
        Some(rest) => rest.chars().take_while(char::is_ascii_digit).collect(),
        None => String::new(),
    };
    let is_cookie = !digits.is_empty() && text[1 + digits.len()..].starts_with('$');
    if is_cookie { digits } else { text.to_owned() }
}
