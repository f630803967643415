//! Random bodies over HTTP: never a 500, and nothing is written of a body that is refused.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Value, json};

use super::shop::{PostingShop, now};

const CASES: u32 = 150;

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
        Just(json!("a\0b")),
        Just(json!("(not set)")),
        Just(json!("9".repeat(400))),
    ];
    leaf.prop_recursive(2, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            prop::collection::vec(("[a-z_]{1,8}", inner), 0..3)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

fn event() -> impl Strategy<Value = Value> {
    let name = prop::sample::select(vec!["page_view", "purchase", "add_to_cart", "view_search_results", "login"]);
    let param = prop::sample::select(vec![
        "session_id", "page_location", "items", "value", "currency", "transaction_id", "event_id", "search_term",
        "custom",
    ]);
    (name, prop::collection::hash_map(param.prop_map(String::from), value(), 0..4)).prop_map(|(name, params)| {
        let items = json!([{"item_id": params.get("custom"), "price": params.get("value"), "quantity": "2"}]);
        let mut params = Value::Object(params.into_iter().collect());
        if params["items"].is_null() {
            params["items"] = items;
        }
        json!({"name": name, "params": params})
    })
}

fn body() -> impl Strategy<Value = String> {
    let events = prop::collection::vec(prop_oneof![9 => event(), 1 => value()], 0..4);
    let one =
        (events, prop_oneof![9 => Just(json!("c")), 1 => value()], prop_oneof![4 => Just(Value::Null), 1 => value()])
            .prop_map(|(events, client, user)| {
                json!({"client_id": client, "timestamp_micros": now(), "user_id": user, "events": events,
                "user_properties": {"WebUserId": {"value": user}}})
            });
    let many = prop::collection::vec(prop_oneof![9 => one.clone(), 1 => value()], 0..3).prop_map(Value::from);
    (prop_oneof![one, many], any::<prop::sample::Index>(), prop::bool::weighted(0.1)).prop_map(|(body, at, cut)| {
        let mut text = body.to_string();
        if cut {
            let at = at.index(text.len());
            text.truncate((0..=at).rev().find(|n| text.is_char_boundary(*n)).unwrap_or(0));
        }
        text
    })
}

#[test]
fn no_body_breaks_the_service_and_a_refused_one_leaves_nothing() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let shop = runtime.block_on(PostingShop::new());
    let config = Config { cases: CASES, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let result = runner.run(&body(), |body| {
        runtime.block_on(async {
            let before = shop.waiting().await;
            let answer = shop.post_text(body.clone()).await;
            let after = shop.waiting().await;
            match answer.status {
                202 => {
                    let said = answer.json();
                    let rejected = said["rejected"].as_array().unwrap().len() as u64;
                    let taken = said["accepted"].as_u64().unwrap();
                    let sent: u64 = serde_json::from_str::<Value>(&body)
                        .map(|body| {
                            let of = |one: &Value| one["events"].as_array().map_or(0, Vec::len) as u64;
                            body.as_array().map_or_else(|| of(&body), |many| many.iter().map(of).sum())
                        })
                        .unwrap();
                    assert_eq!(taken + said["duplicates"].as_u64().unwrap() + rejected, sent, "{body}");
                    assert!((before..=before + taken as i64).contains(&after), "{body}");
                }
                400 | 422 => assert_eq!(after, before, "{body}"),
                other => panic!("{other} for {body}: {}", answer.text()),
            }
            // Silent, and as sound.
            let path = format!("/data/collect?api_secret={}", shop.key);
            let collected = shop.scene.server.client().request(reqwest::Method::POST, &path).body(body.clone());
            assert_eq!(testkit::http::Answer::of(collected).await.status, 204, "{body}");
        });
        Ok(())
    });
    result.unwrap();
    // What was taken can be folded, whatever it holds.
    runtime.block_on(async {
        shop.scene.start_folding();
        shop.until_folded().await;
    });
    runtime.block_on(async move { drop(shop) });
}
