//! An event's items.

use super::super::body::{Item, List, Named, Shape};
use super::super::faults::{Faults, shown};
use super::super::limits::EventLimits;
use super::super::names;
use super::value::{repeated, scalar};

/// What GA4 itself knows of an item; any other key is the sender's own.
const ITEM_FIELDS: &[&str] = &[
    "item_id", "item_name", "affiliation", "coupon", "currency", "discount", "index", "item_brand", "item_category",
    "item_category2", "item_category3", "item_category4", "item_category5", "item_list_id", "item_list_name",
    "item_variant", "location_id", "price", "quantity", "promotion_id", "promotion_name", "creative_name",
    "creative_slot",
];

/// Judges the items; `at` is their path inside the object.
pub fn items<const N: usize>(shape: &Shape<List<Shape<Item>, N>>, at: &str, limits: &EventLimits, faults: &mut Faults) {
    let list = match shape {
        Shape::Is(list) => list,
        Shape::Not(kind) => return faults.add(at, format!("is {kind}, not an array of items")),
        Shape::Absent => return,
    };
    if list.total > limits.max_items as usize {
        return faults.add(at, format!("holds {} items; {} are taken", list.total, limits.max_items));
    }
    for (n, item) in list.first.iter().enumerate() {
        let Named(entries) = match item {
            Shape::Is(item) => item,
            Shape::Not(kind) => {
                faults.add(format!("{at}[{n}]"), format!("is {kind}, not an item"));
                continue;
            }
            Shape::Absent => continue,
        };
        repeated(entries.iter().map(|(name, _)| name), &format!("{at}[{n}]"), faults);
        let mut own = 0;
        for (name, value) in entries {
            let path = || format!("{at}[{n}].{}", shown(name));
            if !ITEM_FIELDS.contains(&name.as_ref()) {
                own += 1;
                if let Some(fault) = names::param_fault(name, limits.max_name_length) {
                    faults.add(path(), fault);
                }
            }
            scalar(&path, value, limits.max_value_length, faults);
        }
        if own > limits.max_item_params {
            faults.add(
                format!("{at}[{n}]"),
                format!("holds {own} keys that are not GA4's own; {} are taken", limits.max_item_params),
            );
        }
    }
}
