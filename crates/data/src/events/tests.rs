//! Bodies of every kind against the reader and the rules: never a panic, and every event gets its word.

use chrono_tz::UTC;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::body::read;
use super::limits::EventLimits;
use super::number::number;
use super::receive::{Received, receive};
use super::settings::EventSettings;
use crate::ga4::{EventKind, MappedEvent, MappingSettings};

const NOW: i64 = 1_790_000_000_000_000;

fn settings() -> EventSettings {
    EventSettings {
        mapping: MappingSettings {
            currency: "USD".into(),
            user_property: "WebUserId".into(),
            branch_property: "default_branch_id".into(),
            failed_search_aliases: vec!["nothing_found".into()],
            latest_timestamp: NOW + 60_000_000,
        },
        zone: UTC,
        limits: EventLimits::default(),
    }
}

fn received(body: &Value) -> Received {
    let body = body.to_string();
    let messages = read(body.as_bytes()).unwrap();
    receive(&messages, &settings(), NOW)
}

fn clicks(n: usize) -> Vec<MappedEvent> {
    let click = json!({"name": "page_view", "params": {"session_id": 1, "page_location": "/"}});
    received(&json!({"client_id": "c", "events": vec![click; n]})).events
}

#[test]
fn equal_events_are_numbered_as_the_database_numbers_them() {
    let (numbered, left_out) = number(clicks(3));
    let first = clicks(1)[0].event_id;
    assert_eq!(left_out, 0);
    // left(id, 18) || left(hex(sha256(id || ':' || n)), 16).
    let id = first.to_string();
    let expected = |n: u32| {
        use sha2::{Digest, Sha256};
        let hex: String = Sha256::digest(format!("{id}:{n}")).iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}{}", id[..18].replace('-', ""), &hex[..16]).parse().unwrap()
    };
    let mut ids: Vec<uuid::Uuid> = vec![first, expected(2), expected(3)];
    ids.sort_unstable();
    assert_eq!(numbered.iter().map(|event| event.event_id).collect::<Vec<_>>(), ids);
}

#[test]
fn numbers_do_not_depend_on_the_order_in_the_body() {
    let of = |users: &[&str]| {
        let body: Vec<Value> = users
            .iter()
            .map(|user| {
                let mut one = json!({"client_id": "c", "events": [{"name": "page_view", "params": {"session_id": 1}}]});
                if !user.is_empty() {
                    one["user_properties"] = json!({"WebUserId": {"value": user}});
                }
                one
            })
            .collect();
        number(received(&json!(body)).events).0
    };
    assert_eq!(of(&["b", "", "a"]), of(&["", "a", "b"]));
    let first = of(&["b", "", "a"]).into_iter().find(|event| event.event_id == clicks_id()).unwrap();
    assert_eq!(first.web_user_id.as_deref(), Some("a"), "what is missing is numbered last");
}

fn clicks_id() -> uuid::Uuid {
    received(&json!({"client_id": "c", "events": [{"name": "page_view", "params": {"session_id": 1}}]})).events[0]
        .event_id
}

#[test]
fn an_own_id_and_an_event_that_does_not_land_are_not_numbered() {
    let own = json!({"name": "page_view", "params": {"event_id": "e"}});
    let login = json!({"name": "login", "params": {"session_id": 1}});
    let body = json!({"client_id": "c", "user_id": "u", "events": [own, own, login, login]});
    let (events, left_out) = number(received(&body).events);
    assert_eq!((events.len(), left_out), (2, 2));
    assert!(events.iter().any(|event| event.own_id) && events.iter().any(|event| event.kind == EventKind::Identity));
}

/// Any JSON, with texts that trip readers up.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,20}".prop_map(Value::from),
        prop_oneof![Just("\0"), Just("(not set)"), Just("s1$"), Just("GS2.1.s5$o1"), Just("1e400"), Just("é")]
            .prop_map(Value::from),
        (90..20_000usize).prop_map(|n| Value::from("x".repeat(n))),
    ];
    leaf.prop_recursive(3, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key(), inner), 0..5)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "client_id", "app_instance_id", "user_id", "events", "name", "params", "items", "value", "currency",
            "session_id", "timestamp_micros", "user_properties", "WebUserId", "transaction_id", "event_id",
            "page_location", "item_id", "price", "quantity", "engagement_time_msec", "search_term", "device",
            "consent", "validation_behavior",
        ])
        .prop_map(String::from),
        "\\PC{0,6}",
    ]
}

/// Nearly right: any part of it may be anything.
fn nearly(right: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    prop_oneof![6 => right, 1 => any_json()]
}

fn object(fields: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = Value> {
    let (names, values): (Vec<_>, Vec<_>) = fields.into_iter().unzip();
    (values, prop::collection::vec((key(), any_json()), 0..2)).prop_map(move |(values, more)| {
        let right = names.iter().map(|name| (*name).to_owned()).zip(values);
        Value::Object(more.into_iter().chain(right).collect())
    })
}

fn event() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec![
        "page_view", "purchase", "add_to_cart", "view_item", "view_search_results", "nothing_found", "login",
        "session_start",
    ]);
    let item =
        object(vec![("item_id", nearly(Just(json!("A"))).boxed()), ("price", nearly(Just(json!("1.5"))).boxed())]);
    let items = prop::collection::vec(nearly(item), 0..3).prop_map(Value::from);
    let params = object(vec![
        ("session_id", nearly(Just(json!("7"))).boxed()),
        ("value", nearly(Just(json!(5))).boxed()),
        ("items", nearly(items).boxed()),
    ]);
    object(vec![("name", nearly(name.prop_map(Value::from)).boxed()), ("params", nearly(params).boxed())])
}

fn message() -> impl Strategy<Value = Value> {
    let events = prop::collection::vec(nearly(event()), 1..4).prop_map(Value::from);
    object(vec![
        ("client_id", nearly(Just(json!("c.1"))).boxed()),
        ("timestamp_micros", nearly(prop_oneof![Just(Value::Null), Just(json!(NOW - 5))]).boxed()),
        ("events", nearly(events).boxed()),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_of_a_body_gets_its_word(
        body in prop_oneof![nearly(message()), prop::collection::vec(nearly(message()), 0..4).prop_map(Value::from)]
    ) {
        let text = body.to_string();
        if let Ok(messages) = read(text.as_bytes()) {
            let sent: usize = messages.iter().filter_map(|(_, message)| message.events.get()).map(|list| list.total).sum();
            let Received { events, passing, rejected } = receive(&messages, &settings(), NOW);
            prop_assert_eq!(events.len() + usize::try_from(passing).unwrap() + rejected.len(), sent);
            let mut indices: Vec<usize> = rejected.iter().map(|entry| entry.index).collect();
            indices.dedup();
            prop_assert_eq!(indices.len(), rejected.len());
            prop_assert!(indices.iter().all(|index| *index < sent));
            prop_assert!(rejected.iter().all(|entry| !entry.field.is_empty() && !entry.message.is_empty()));
            let (numbered, left_out) = number(events.clone());
            prop_assert_eq!(numbered.len() + usize::try_from(left_out).unwrap(), events.len());
            let keys: Vec<_> = numbered.iter().map(|event| (event.event_date, event.event_id)).collect();
            prop_assert!(keys.is_sorted_by(|a, b| a < b));
        }
    }

    #[test]
    fn a_damaged_body_never_panics(body in message(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut text = body.to_string().into_bytes();
        let at = at.index(text.len());
        if cut { text.truncate(at) } else { text[at] = byte }
        if let Ok(messages) = read(&text) {
            receive(&messages, &settings(), NOW);
        }
    }

    #[test]
    fn bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read(&bytes).map_or(true, |messages| !messages.is_empty()));
    }
}
