//! An event's items: real ones kept, fillers dropped, prices in the tenant's currency.

use rust_decimal::Decimal;
use serde_json::{Map, Number, Value};

use super::money::{Conversion, decimal};
use super::value::{real_storable, storable};

/// The real items of an event.
#[derive(Debug, Default)]
pub struct Items {
    /// A JSON array of objects; `item_id`, `item_name`, `item_category`, `price`, `quantity` as the product reads them,
    /// every other key as it came.
    pub lines: Vec<Value>,
    /// `item_id`s (else names) in order: part of the event's identity.
    pub ids: Vec<String>,
    /// Sum of price x quantity; a missing price adds nothing, a missing quantity is 1.
    pub value: Decimal,
    /// An item has a price that cannot be counted in the tenant's currency.
    pub foreign_price: bool,
}

/// Reads `items`. An item is real when it has a real id or a real name; GA4 fills the rest with `(not set)`.
pub fn read(raw: Vec<Map<String, Value>>, conversion: Conversion) -> Items {
    let mut items = Items::default();
    for mut item in raw {
        let id = take_text(&mut item, "item_id");
        let name = take_text(&mut item, "item_name");
        let Some(identity) = id.as_ref().or(name.as_ref()) else { continue };
        items.ids.push(identity.clone());

        let price = conversion.amount(&item, "price", "price_in_usd");
        items.foreign_price |= conversion == Conversion::Unknown && decimal(item.get("price")).is_some();
        let quantity = decimal(item.get("quantity")).unwrap_or(Decimal::ONE);
        // Beyond 28 digits there is no meaningful money; the line keeps what it said.
        if let Some(value) = price.and_then(|p| p.checked_mul(quantity)).and_then(|v| items.value.checked_add(v)) {
            items.value = value;
        }

        let mut line = Map::new();
        put(&mut line, "item_id", id.map(Value::String));
        put(&mut line, "item_name", name.map(Value::String));
        put(&mut line, "item_category", take_text(&mut item, "item_category").map(Value::String));
        put(&mut line, "price", price.and_then(json_number));
        put(&mut line, "quantity", json_number(quantity));
        item.remove("price");
        item.remove("quantity");
        for (key, value) in item {
            if let Some(value) = super::extra::compact(value) {
                line.insert(storable(&key), value);
            }
        }
        items.lines.push(Value::Object(line));
    }
    items
}

fn put(line: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        line.insert(key.to_owned(), value);
    }
}

fn take_text(item: &mut Map<String, Value>, key: &str) -> Option<String> {
    match item.remove(key)? {
        Value::String(text) => real_storable(&text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A decimal as a JSON number. Shortest text of a double: exact up to 15 digits.
fn json_number(value: Decimal) -> Option<Value> {
    let text = value.normalize().to_string();
    if let Ok(int) = text.parse::<i64>() {
        return Some(Value::from(int));
    }
    text.parse::<f64>().ok().and_then(Number::from_f64).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::money::Conversion;
    use super::read;

    fn items(raw: Value) -> super::Items {
        read(serde_json::from_value(raw).unwrap(), Conversion::Same)
    }

    #[test]
    fn fillers_are_dropped_and_all_real_items_count() {
        let items = items(json!([
            {"item_id": "(not set)", "item_name": "(not set)", "price": null, "quantity": null},
            {"item_id": "V1", "item_name": "Valve", "price": "10.5", "quantity": "2"},
            {"item_name": "Pipe", "price": 3},
            {"item_id": "X", "quantity": 4}
        ]));
        assert_eq!(items.ids, ["V1", "Pipe", "X"]);
        assert_eq!(items.value.to_string(), "24.0");
        assert_eq!(items.lines[1], json!({"item_name": "Pipe", "price": 3, "quantity": 1}));
        assert_eq!(items.lines[2], json!({"item_id": "X", "quantity": 4}));
    }

    #[test]
    fn a_foreign_price_is_no_price() {
        let raw = serde_json::from_value(json!([{"item_id": "A", "price": 5, "price_in_usd": 6}])).unwrap();
        let unknown = read(raw, Conversion::Unknown);
        assert_eq!(unknown.lines[0].get("price"), None);
        assert!(unknown.foreign_price);
        let raw = serde_json::from_value(json!([{"item_id": "A", "price": 5, "price_in_usd": 6}])).unwrap();
        assert_eq!(read(raw, Conversion::InUsd).value.to_string(), "6");
    }
}
