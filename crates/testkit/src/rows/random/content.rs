//! What is inside a random event: pages, terms, items, money, and fields that nobody knows yet.

use serde_json::{Value, json};

use super::dice::Dice;
use super::{RandomSpec, pools};
use crate::rows::{Event, Item, Slot};

/// Adds what an event of `name` has.
pub(super) fn add_details(dice: &mut Dice, event: Event, name: &str, spec: &RandomSpec) -> Event {
    let mut event = with_page(dice, event);
    let failed = ["no_search_results", "view_search_results_no_results"].contains(&name) || name == pools::TENANT_ALIAS;
    if failed && dice.chance(60) {
        event = with_term(dice, event, "no_search_results_term");
    }
    if name == "view_search_results" || (failed && dice.chance(50)) {
        event = with_term(dice, event, "search_term");
    }
    let has_items = ["view_item", "add_to_cart", "purchase"].contains(&name);
    if has_items {
        event = with_currency(dice, event, spec);
        for _ in 0..dice.weighted(&[(15, 0), (35, 1), (30, 2), (20, 4)]) {
            event = event.item(item(dice));
        }
    }
    if name == "purchase" {
        event = with_transaction(dice, event, spec);
        event = with_revenue(dice, event);
    }
    // Not on aliases: whether an id is shared between two names of one kind is nobody's question.
    let may_have_id = has_items || ["page_view", "view_search_results"].contains(&name);
    if may_have_id && dice.chance(4) {
        let id = format!("e{}", dice.below(12));
        event = event.param("event_id", id.as_str());
    }
    with_strangers(dice, event)
}

fn with_page(dice: &mut Dice, event: Event) -> Event {
    match dice.below(100) {
        0..88 => event.page(dice.pick(&pools::PAGES)),
        88..93 => event.param("page_location", dice.pick(&pools::FILLERS)),
        93..96 => event.param("page_location", Slot::Empty),
        _ => event,
    }
}

fn with_term(dice: &mut Dice, event: Event, key: &str) -> Event {
    match dice.below(100) {
        0..88 => event.param(key, dice.pick(&pools::TERMS)),
        88..95 => event.param(key, dice.pick(&["   ", "", "(not set)", " (other) "])),
        95..98 => event.param(key, 4711_i64),
        _ => event.param(key, Slot::Empty),
    }
}

fn with_currency(dice: &mut Dice, event: Event, spec: &RandomSpec) -> Event {
    match dice.below(100) {
        0..40 => event,
        40..68 => event.currency(&spec.settings.currency),
        68..94 => event.currency(dice.pick(&["USD", "EUR", "KWD", "CAD"])),
        94..97 => event.currency(dice.pick(&pools::FILLERS)),
        _ => event.param("currency", Slot::Empty),
    }
}

/// The order's number, in all the places and types it is found in; the pool is small, so numbers repeat.
fn with_transaction(dice: &mut Dice, event: Event, spec: &RandomSpec) -> Event {
    let number = 5000 + i64::from(dice.below(4 + spec.visits / 4));
    let text = number.to_string();
    let other = format!("T-{}", dice.below(4 + spec.visits / 4));
    let ecommerce = "transaction_id";
    match dice.below(100) {
        0..25 => event.transaction(other.as_str()).ecommerce(ecommerce, json!(other)),
        25..35 => event.transaction(text.as_str()),
        35..55 => event.transaction(number).ecommerce(ecommerce, json!("(not set)")),
        55..60 => event.transaction(number as f64),
        60..70 => event.ecommerce(ecommerce, json!(other)),
        // Where both name an order the parameter is right.
        70..80 => event.transaction(number).ecommerce(ecommerce, json!(other)),
        80..88 => event.transaction(dice.pick(&pools::FILLERS)).ecommerce(ecommerce, json!(text)),
        88..94 => event.transaction("(not set)").ecommerce(ecommerce, json!("(not set)")),
        94..97 => event.transaction(Slot::Empty),
        _ => event,
    }
}

fn with_revenue(dice: &mut Dice, mut event: Event) -> Event {
    if dice.chance(85) {
        event = event.ecommerce("purchase_revenue", amount(dice));
    }
    if dice.chance(60) {
        event = event.ecommerce("purchase_revenue_in_usd", amount(dice));
    }
    event.ecommerce("unique_items", json!("1"))
}

pub(super) fn amount(dice: &mut Dice) -> Value {
    json!(dice.pick(&pools::AMOUNTS))
}

fn item(dice: &mut Dice) -> Item {
    if dice.chance(12) {
        return Item::filler();
    }
    let (id, name, category) = dice.pick(&pools::ITEMS);
    let mut item = Item::default();
    if !id.is_empty() || dice.chance(20) {
        item = item.id(id);
    }
    if !name.is_empty() || dice.chance(20) {
        item = item.name(name);
    }
    if !category.is_empty() {
        item = item.category(category);
    }
    if dice.chance(80) {
        item = item.field("price", amount(dice));
    }
    if dice.chance(50) {
        item = item.field("price_in_usd", amount(dice));
    }
    if dice.chance(65) {
        item = item.quantity(dice.weighted(&[(1, 0), (12, 1), (6, 2), (2, 12)]));
    }
    if dice.chance(10) {
        item = item
            .field("item_params", json!([{ "key": "colour", "value": { "string_value": "red" } }]))
            .field("item_field_of_tomorrow", json!({ "a": [1, null] }));
    }
    item
}

/// Fields of GA4 that nothing reads, and fields that do not exist yet: at the top and inside known structs.
fn with_strangers(dice: &mut Dice, mut event: Event) -> Event {
    if dice.chance(50) {
        event = event
            .param("ga_session_number", 1 + i64::from(dice.below(3)))
            .param("engagement_time_msec", i64::from(dice.below(9000)))
            .param("session_engaged", "1")
            .field("stream_id", json!("2100450278"))
            .field("platform", json!("WEB"));
    }
    if dice.chance(30) {
        event = event
            .field("device", json!({ "category": "desktop", "unknown_inside": { "x": "y" } }))
            .field("geo", json!({ "country": "United States", "city": "(not set)" }));
    }
    if dice.chance(10) {
        event = event
            .field("column_of_tomorrow", json!({ "deep": [{ "er": 1.5 }], "text": "\u{1F529} \\ \"" }))
            .field("is_active_user", json!(true));
    }
    event
}
