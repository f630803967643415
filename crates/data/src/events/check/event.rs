//! One event: its name, its parameters, and what Google recommends.

use super::super::body::{EventBody, Named, Params, Scalar, Shape};
use super::super::faults::{Faults, shown};
use super::super::limits::EventLimits;
use super::super::names;
use super::Behavior;
use super::items::items;
use super::value::{repeated, scalar};
use crate::ga4::{real_text, session_id};

/// Judges one event; `at` is its path inside the object.
pub fn event(event: &EventBody, at: &str, behavior: Behavior, limits: &EventLimits, faults: &mut Faults) {
    let EventBody { name, params, timestamp_micros: _ } = event;
    match name {
        Scalar::Text(name) => {
            if let Some(fault) = names::event_fault(name, limits.max_name_length) {
                faults.add(format!("{at}.name"), fault);
            }
        }
        Scalar::Null => faults.add(format!("{at}.name"), "is missing"),
        other => faults.add(format!("{at}.name"), format!("is {}, not a text", other.kind())),
    }
    let params = match params {
        Shape::Is(params) => params,
        Shape::Not(kind) => return faults.add(format!("{at}.params"), format!("is {kind}, not an object")),
        Shape::Absent => &Params::default(),
    };
    if params.count() > limits.max_params as usize {
        faults.add(
            format!("{at}.params"),
            format!("holds {} parameters; {} are taken", params.count(), limits.max_params),
        );
    }
    if params.items_repeated {
        faults.add(format!("{at}.params.items"), "is given more than once");
    }
    repeated(params.scalars.iter().map(|(name, _)| name), &format!("{at}.params"), faults);
    for (name, value) in &params.scalars {
        let path = || format!("{at}.params.{}", shown(name));
        if let Some(fault) = names::param_fault(name, limits.max_name_length) {
            faults.add(path(), fault);
        }
        scalar(&path, value, limits.of_param(name), faults);
        if matches!(name.as_ref(), "session_id" | "ga_session_id")
            && let Some(text) = value.text().and_then(|text| real_text(&text))
            && session_id(&text).is_none()
        {
            faults.add(path(), "is no session id: a whole number, or the cookie's `s1747075570$o5$g1…`");
        }
    }
    items(&params.items, &format!("{at}.params.items"), limits, faults);
    if behavior == Behavior::EnforceRecommendations {
        recommendations(event, params, at, faults);
    }
}

/// What Google recommends and refuses on request only.
fn recommendations(event: &EventBody, params: &Params, at: &str, faults: &mut Faults) {
    let given = |name: &str| params.get(name).and_then(Scalar::text).and_then(|text| real_text(&text));
    match given("currency") {
        Some(code) if code.len() != 3 || !code.bytes().all(|b| b.is_ascii_uppercase()) => {
            faults.add(format!("{at}.params.currency"), "is not a code of three capital letters such as USD");
        }
        None if given("value").is_some() => {
            faults.add(format!("{at}.params.currency"), "is missing: a value needs a currency");
        }
        _ => {}
    }
    for name in ["value", "tax", "shipping"] {
        if given(name).is_some_and(|text| text.parse::<f64>().is_err()) {
            faults.add(format!("{at}.params.{name}"), "is no number");
        }
    }
    let is_purchase = matches!(&event.name, Scalar::Text(name) if name == "purchase" || name == "refund");
    if is_purchase && given("transaction_id").is_none() {
        faults.add(format!("{at}.params.transaction_id"), "is missing");
    }
    for (n, item) in params.items.get().iter().flat_map(|list| list.first.iter().enumerate()) {
        let named = item.get().is_some_and(|Named(entries)| {
            entries.iter().any(|(name, value)| {
                matches!(name.as_ref(), "item_id" | "item_name")
                    && value.text().and_then(|text| real_text(&text)).is_some()
            })
        });
        if !named {
            faults.add(format!("{at}.params.items[{n}]"), "has neither an item_id nor an item_name");
        }
    }
}
