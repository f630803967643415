//! From an export row to a row of the staging table: the one mapping, whatever file or API the row came from.

use chrono::{Datelike, NaiveDate};
use serde::de::DeserializeSeed;

use super::event::{EventKind, MappedEvent};
use super::extra::Extra;
use super::identity::{EventTuple, event_id, own_event_id, visit_id};
use super::items::{self, Items};
use super::money::{Conversion, decimal};
use super::row::{Ga4Row, Param, RowSeed};
use super::settings::MappingSettings;
use super::value::{real, real_storable};

/// Longest id that is taken, in bytes: they stand in indexes. GA4 itself cuts parameter values at 100 characters.
const LONGEST_ID: usize = 500;
/// Longest page address, title or term: lists and roll-ups collect them. Google's own limit is 1,000 characters.
const LONGEST_TEXT: usize = 16 * 1024;
/// Names of events that land in a table of their own; the tenant's aliases of failed searches are others.
pub const LANDED_EVENTS: [&str; 6] =
    ["page_view", "view_item", "add_to_cart", "purchase", "view_search_results", "no_search_results"];
const MAPPED_PARAMS: &[&str] = &[
    "ga_session_id", "page_location", "page_title", "transaction_id", "search_term", "no_search_results_term",
    "currency", "event_id",
];

/// Reads a row from its JSON text and maps it.
///
/// # Errors
/// Why the text is no row of an export.
pub fn read_row(json: &[u8], settings: &MappingSettings) -> Result<Mapped, String> {
    let lands = |name: &str| kind_of(name, settings) != EventKind::Identity;
    let mut parser = serde_json::Deserializer::from_slice(json);
    let row = RowSeed(lands).deserialize(&mut parser).and_then(|row| parser.end().map(|()| row));
    map_row(row.map_err(|error| json_reason(&error))?, settings)
}

/// A parse error without the position inside the row, which would be read as a line of the file.
fn json_reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if text.contains("EOF while parsing") {
        return "malformed JSON: the row is cut off".to_owned();
    }
    match text.rfind(" at line ") {
        Some(at) if error.is_data() => text[..at].to_owned(),
        Some(at) => format!("malformed JSON: {} (column {})", &text[..at], error.column()),
        None => text,
    }
}

/// What becomes of a well-formed row.
#[derive(Debug)]
pub enum Mapped {
    /// A row to stage: a landed event, or what another event says of its visit.
    Event(Box<MappedEvent>),
    /// An event of another name that says nothing of a visit; its day was seen all the same.
    Nothing(NaiveDate),
}

/// Maps one row.
///
/// # Errors
/// The reason why the row is none: a missing or impossible date, time or name, or an id too long to keep.
fn map_row(row: Ga4Row, settings: &MappingSettings) -> Result<Mapped, String> {
    let name = row.event_name.as_ref().and_then(|n| real(&n.0)).ok_or("event_name is missing")?.to_owned();
    let event_date = event_date(row.event_date.as_ref().map(|d| d.0.as_str()))?;
    let event_timestamp = row.event_timestamp.ok_or("event_timestamp is missing")?.0;
    if event_timestamp <= 0 {
        return Err(format!("event_timestamp {event_timestamp} is before 1970"));
    }
    if event_timestamp > settings.latest_timestamp {
        return Err(format!("event_timestamp {event_timestamp} is more than a day in the future"));
    }

    let user_pseudo_id = row.user_pseudo_id.as_ref().and_then(|t| real(&t.0)).map(str::to_owned);
    let ga_session_id = param(&row.event_params, "ga_session_id")
        .or_else(|| param(&row.user_properties, "ga_session_id"))
        .and_then(|text| session_id(&text));
    let visit = user_pseudo_id.as_deref().zip(ga_session_id).map(|(visitor, session)| visit_id(visitor, session));
    let web_user_id = carried(&row, &settings.user_property);
    let branch_id = carried(&row, &settings.branch_property);
    let ga_user_id = row.user_id.as_ref().and_then(|t| real(&t.0)).map(str::to_owned);
    for (what, id) in [
        ("user_pseudo_id", &user_pseudo_id),
        (settings.user_property.as_str(), &web_user_id),
        (settings.branch_property.as_str(), &branch_id),
        ("user_id", &ga_user_id),
    ] {
        check_length(what, id.as_deref())?;
    }

    let kind = kind_of(&name, settings);
    if kind == EventKind::Identity
        && (visit.is_none() || (web_user_id.is_none() && ga_user_id.is_none() && branch_id.is_none()))
    {
        return Ok(Mapped::Nothing(event_date));
    }

    let mut event = MappedEvent {
        kind,
        event_date,
        event_id: uuid::Uuid::nil(),
        own_id: false,
        visit_id: visit,
        event_timestamp,
        batch_page_id: row.batch_page_id.map(|i| i.0),
        batch_ordering_id: row.batch_ordering_id.map(|i| i.0),
        batch_event_index: row.batch_event_index.map(|i| i.0),
        user_pseudo_id,
        ga_session_id,
        web_user_id,
        ga_user_id,
        branch_id,
        event_count: 1,
        page_location: real_param(&row.event_params, "page_location"),
        page_title: real_param(&row.event_params, "page_title"),
        extra: None,
        items: None,
        items_count: 0,
        items_value: rust_decimal::Decimal::ZERO,
        transaction_id: None,
        revenue: None,
        currency: None,
        amount: None,
        term: term(&row.event_params, kind),
        foreign_amount: false,
    };
    for (what, text) in
        [("page_location", &event.page_location), ("page_title", &event.page_title), ("the search term", &event.term)]
    {
        if text.as_ref().is_some_and(|text| text.len() > LONGEST_TEXT) {
            return Err(format!("{what} is longer than {LONGEST_TEXT} bytes"));
        }
    }
    let own_id = real_param(&row.event_params, "event_id");
    let item_ids =
        if kind == EventKind::Identity { Vec::new() } else { commerce_and_extra(row, &mut event, settings)? };
    if kind == EventKind::Identity {
        event.page_location = None;
        event.page_title = None;
    }
    event.own_id = own_id.is_some();
    event.event_id = match own_id {
        Some(id) => own_event_id(&name, &id),
        None => event_id(
            &EventTuple {
                event_name: &name,
                event_timestamp,
                user_pseudo_id: event.user_pseudo_id.as_deref(),
                ga_session_id,
                transaction_id: event.transaction_id.as_deref(),
                page_location: event.page_location.as_deref(),
                term: event.term.as_deref(),
                item_ids: &item_ids,
            },
            visit,
        ),
    };
    Ok(Mapped::Event(Box::new(event)))
}

/// Items, amounts, and everything that has no column. Answers the items' ids.
fn commerce_and_extra(row: Ga4Row, event: &mut MappedEvent, settings: &MappingSettings) -> Result<Vec<String>, String> {
    let currency = real_param(&row.event_params, "currency").map(|c| c.trim().to_ascii_uppercase());
    let conversion = Conversion::of(currency.as_deref(), &settings.currency);
    let mut ecommerce = row.ecommerce.unwrap_or_default();
    let Items { lines, ids, value, foreign_price } = items::read(row.items, conversion);
    event.items_count = i32::try_from(lines.len()).unwrap_or(i32::MAX);
    event.items_value = value;
    event.items = (!lines.is_empty()).then_some(serde_json::Value::Array(lines));
    event.foreign_amount = event.kind == EventKind::AddToCart && foreign_price;
    if event.kind == EventKind::Purchase {
        event.transaction_id = real_param(&row.event_params, "transaction_id")
            .or_else(|| ecommerce.get("transaction_id").and_then(|v| v.as_str()).and_then(real_storable));
        check_length("transaction_id", event.transaction_id.as_deref())?;
        event.revenue = decimal(ecommerce.get("purchase_revenue"));
        event.amount = conversion.amount(&ecommerce, "purchase_revenue", "purchase_revenue_in_usd");
        event.foreign_amount = event.revenue.is_some() && event.amount.is_none();
        if event.transaction_id.as_deref() == ecommerce.get("transaction_id").and_then(|v| v.as_str()) {
            ecommerce.remove("transaction_id");
        }
        ecommerce.remove("purchase_revenue");
    }
    let mut extra = Extra::default();
    extra.fields(row.rest);
    extra.object("ecommerce", ecommerce);
    let currency_column = event.kind == EventKind::Purchase;
    event.currency = currency.filter(|_| currency_column);
    let mapped: Vec<&str> = MAPPED_PARAMS.iter().copied().filter(|p| currency_column || *p != "currency").collect();
    extra.params("params", &row.event_params, &mapped);
    extra.params("user_properties", &row.user_properties, &[&settings.user_property, &settings.branch_property]);
    event.extra = extra.into_text();
    Ok(ids)
}

fn kind_of(name: &str, settings: &MappingSettings) -> EventKind {
    match name {
        "page_view" => EventKind::PageView,
        "view_item" => EventKind::ViewItem,
        "add_to_cart" => EventKind::AddToCart,
        "purchase" => EventKind::Purchase,
        "no_search_results" => EventKind::NoSearchResults,
        // An alias may be the name under which a site's failed searches arrive as successful ones.
        other if settings.failed_search_aliases.iter().any(|alias| alias == other) => EventKind::NoSearchResults,
        "view_search_results" => EventKind::ViewSearchResults,
        _ => EventKind::Identity,
    }
}

/// Names of the events that land in the table of this kind; none where the tenant's aliases give its name another meaning.
pub fn event_names(kind: EventKind, settings: &MappingSettings) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in LANDED_EVENTS.into_iter().chain(settings.failed_search_aliases.iter().map(String::as_str)) {
        if kind_of(name, settings) == kind && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// `20201101`: in the property's time zone, never derived from the timestamp.
fn event_date(text: Option<&str>) -> Result<NaiveDate, String> {
    let text = text.ok_or("event_date is missing")?.trim();
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    let date = digits
        .then(|| NaiveDate::parse_from_str(text, "%Y%m%d").ok())
        .flatten()
        .ok_or_else(|| format!("event_date `{text}` is no date (YYYYMMDD)"))?;
    if (2000..2100).contains(&date.year()) {
        Ok(date)
    } else {
        Err(format!("event_date `{text}` is not in 2000 to 2099"))
    }
}

/// GA4's session id: a number, or the cookie form `s1747075570$o5$g1…` that server-side senders pass on, with or without
/// the `GS2.1.` that the cookie begins with.
pub fn session_id(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Ok(id) = text.parse::<i64>() {
        return Some(id);
    }
    let text = text.strip_prefix("GS2.").and_then(|rest| rest.split_once('.')).map_or(text, |(_, rest)| rest);
    text.strip_prefix('s')?.split_once('$')?.0.parse().ok()
}

fn term(params: &[Param], kind: EventKind) -> Option<String> {
    let text = match kind {
        EventKind::ViewSearchResults => real_param(params, "search_term"),
        EventKind::NoSearchResults => {
            real_param(params, "no_search_results_term").or_else(|| real_param(params, "search_term"))
        }
        _ => None,
    }?;
    Some(text.trim().to_owned())
}

/// A user property, else an event parameter, of that name.
fn carried(row: &Ga4Row, name: &str) -> Option<String> {
    real_param(&row.user_properties, name).or_else(|| real_param(&row.event_params, name))
}

/// The parameter's text from whichever slot has one; a key may stand twice, the first with a value counts.
fn param(params: &[Param], key: &str) -> Option<String> {
    params
        .iter()
        .filter(|p| p.key.as_ref().is_some_and(|k| k.0 == key))
        .find_map(|p| p.value.as_ref().and_then(|v| v.text()).map(std::borrow::Cow::into_owned))
}

fn real_param(params: &[Param], key: &str) -> Option<String> {
    param(params, key).filter(|text| real(text).is_some())
}

fn check_length(what: &str, id: Option<&str>) -> Result<(), String> {
    match id {
        Some(id) if id.len() > LONGEST_ID => Err(format!("{what} is longer than {LONGEST_ID} bytes")),
        _ => Ok(()),
    }
}
