//! Histories: of a visit and of a customer, from events put in by hand.

use common::auth::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Shop, at, id, over};

/// An event id as ingestion makes them: half the visit's, half its own.
fn event_id(visit: Uuid, n: u128) -> Uuid {
    Uuid::from_u128(visit.as_u128() & !u128::from(u64::MAX) | n)
}

fn visit_id(n: u128) -> Uuid {
    Uuid::from_u128(n << 64 | 0xabc)
}

async fn open() -> Shop {
    let shop = Shop::open().await;
    for month in ["2026-01-01", "2026-02-01"] {
        sqlx::query("select ensure_event_partitions($1::date)")
            .bind(month.parse::<chrono::NaiveDate>().unwrap())
            .execute(&shop.db.app)
            .await
            .unwrap();
    }
    shop
}

/// An event of visit `visit` at this instant.
fn event(visit: u128, n: u128, instant: &str, fields: Value) -> Value {
    let event = json!({
        "event_date": instant[..10], "event_id": event_id(visit_id(visit), n), "visit_id": visit_id(visit),
        "event_timestamp": at(instant), "user_pseudo_id": format!("p{visit}"), "ga_session_id": 17, "event_count": 1,
        "posted": false,
    });
    over(&event, &fields)
}

fn visit(n: u128, day: &str, last_day: &str, fields: Value) -> Value {
    let visit = json!({
        "visit_id": visit_id(n), "day": day, "last_day": last_day, "user_pseudo_id": format!("p{n}"), "ga_session_id": 17,
    });
    over(&visit, &fields)
}

#[tokio::test]
async fn a_visit_is_told_event_by_event_across_midnight() {
    let shop = open().await;
    let counts =
        json!({ "page_views": 2, "view_items": 2, "carts": 1, "purchases": 1, "searches": 1, "failed_searches": 1 });
    shop.visits(&[visit(1, "2026-01-31", "2026-02-01", counts)]).await;
    let items = json!([{"item_id": "A", "item_name": "Valve", "item_category": "Valves", "price": 6.25, "quantity": 2}, {"item_name": "Pipe"}]);
    shop.put(
        "page_view",
        &json!({}),
        &[
            event(1, 1, "2026-01-31T23:00:00Z", json!({ "page_location": "https://shop.test/", "page_title": "Home" })),
            event(1, 2, "2026-02-01T00:00:01Z", json!({})),
            // Of another visit with the same half, which a hash may give: not of this one.
            over(&event(1, 3, "2026-01-31T23:00:00Z", json!({})), &json!({ "visit_id": id(77) })),
        ],
    )
    .await;
    shop.put(
        "view_item",
        &json!({}),
        &[
            event(1, 4, "2026-01-31T23:00:00Z", json!({ "items": items, "batch_page_id": 5 })),
            event(1, 5, "2026-01-31T23:00:00Z", json!({ "items": [], "batch_page_id": 4 })),
        ],
    )
    .await;
    shop.put("add_to_cart", &json!({}), &[event(1, 6, "2026-01-31T23:00:02Z", json!({ "items": [{"item_id": "B"}] }))])
        .await;
    shop.put("view_search_results", &json!({}), &[event(1, 7, "2026-01-31T23:00:03Z", json!({ "term": "tap" }))]).await;
    shop.put("no_search_results", &json!({}), &[event(1, 8, "2026-01-31T23:00:04Z", json!({}))]).await;
    let purchase = json!({ "transaction_id": "T-1", "revenue": 89.9, "amount": 89.9, "items": items });
    shop.put("purchase", &json!({}), &[event(1, 9, "2026-02-01T00:00:02Z", purchase)]).await;

    let history = shop.get("/analytics/history/session?session_id=17").await;
    let entry = |instant: &str, kind: &str, details: Value| json!({ "event_timestamp": at(instant), "param_ga_session_id": "17", "event_type": kind, "details": details });
    let valve = json!({ "item_id": "A", "item_name": "Valve", "category": "Valves", "price": 6.25, "quantity": 2 });
    let pipe = json!({ "item_id": null, "item_name": "Pipe", "category": null, "price": null, "quantity": 1 });
    let inner: Value = serde_json::from_str(history[7]["details"]["items"].as_str().unwrap()).unwrap();
    assert_eq!(
        inner,
        json!([
            { "name": "Valve", "sku": "A", "item_id": "A", "item_name": "Valve", "price": 6.25, "quantity": 2 },
            { "name": "Pipe", "sku": null, "item_id": null, "item_name": "Pipe", "price": null, "quantity": 1 },
        ])
    );
    let items = history[7]["details"]["items"].clone();
    assert_eq!(
        history,
        json!([
            entry("2026-01-31T23:00:00Z", "view_item", valve),
            entry("2026-01-31T23:00:00Z", "view_item", pipe),
            entry(
                "2026-01-31T23:00:00Z",
                "page_view",
                json!({ "page_location": "https://shop.test/", "page_title": "Home" })
            ),
            entry(
                "2026-01-31T23:00:02Z",
                "add_to_cart",
                json!({ "item_id": "B", "item_name": null, "category": null, "price": null, "quantity": 1 })
            ),
            entry("2026-01-31T23:00:03Z", "view_search_results", json!({ "search_term": "tap" })),
            entry("2026-01-31T23:00:04Z", "no_search_results", json!({ "search_term": null })),
            entry("2026-02-01T00:00:01Z", "page_view", json!({ "page_location": null, "page_title": null })),
            entry(
                "2026-02-01T00:00:02Z",
                "purchase",
                json!({ "transaction_id": "T-1", "revenue": "89.9", "items": items })
            ),
        ])
    );
    let newest = shop.get("/analytics/history/session?session_id=17&limit=2").await;
    assert_eq!(newest.as_array().unwrap(), &history.as_array().unwrap()[6..]);
}

#[tokio::test]
async fn two_peoples_events_are_never_mixed() {
    let shop = open().await;
    shop.visits(&[
        visit(1, "2026-01-05", "2026-01-05", json!({ "page_views": 1, "user_id": "u1", "location_id": "D01" })),
        visit(2, "2026-01-06", "2026-01-06", json!({ "page_views": 1, "location_id": "D02" })),
    ])
    .await;
    let events = [event(1, 1, "2026-01-05T12:00:00Z", json!({})), event(2, 1, "2026-01-06T12:00:00Z", json!({}))];
    shop.put("page_view", &json!({}), &events).await;

    let path = "/analytics/history/session?session_id=17";
    let problem = shop.client.get(path).await.problem(409);
    assert_eq!(
        problem["candidates"],
        json!([
            { "user_pseudo_id": "p1", "user_id": "u1", "location_id": "D01", "event_date": "2026-01-05" },
            { "user_pseudo_id": "p2", "user_id": null, "location_id": "D02", "event_date": "2026-01-06" },
        ])
    );
    assert_eq!(problem["instance"], "/analytics/history/session");
    for (visitor, instant) in [("p1", "2026-01-05T12:00:00Z"), ("p2", "2026-01-06T12:00:00Z")] {
        let history = shop.get(&format!("{path}&user_pseudo_id={visitor}")).await;
        assert_eq!((history.as_array().map(Vec::len), &history[0]["event_timestamp"]), (Some(1), &json!(at(instant))));
    }
    assert_eq!(shop.get(&format!("{path}&user_pseudo_id=p3")).await, json!([]));
    assert_eq!(shop.get("/analytics/history/session?session_id=18").await, json!([]));
    // Who may see one of the branches knows nothing of the other visitor.
    let manager = shop.member(Role::Manager, Some(&["D02"])).await;
    assert_eq!(manager.get(path).await.expect(200).as_array().map(Vec::len), Some(1));
    assert_eq!(manager.get("/analytics/history/user?user_id=u1").await.expect(200), json!([]));
}

#[tokio::test]
async fn events_that_brought_their_own_identity_are_found() {
    let shop = open().await;
    shop.visits(&[
        visit(1, "2026-01-05", "2026-01-05", json!({ "page_views": 2, "user_id": "u1", "own_event_ids": true })),
        visit(2, "2026-01-05", "2026-01-05", json!({ "page_views": 1, "user_pseudo_id": "p1", "ga_session_id": 18 })),
    ])
    .await;
    let own =
        |n: u128| over(&event(1, n, "2026-01-05T12:00:00Z", json!({})), &json!({ "event_id": Uuid::from_u128(n) }));
    let events =
        [own(9), event(1, 2, "2026-01-05T12:00:01Z", json!({})), event(2, 3, "2026-01-05T12:00:02Z", json!({}))];
    shop.put("page_view", &json!({}), &events).await;
    assert_eq!(shop.get("/analytics/history/session?session_id=17").await.as_array().map(Vec::len), Some(2));
    assert_eq!(shop.get("/analytics/history/user?user_id=u1").await.as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_customer_is_told_by_the_newest_entries_of_all_visits() {
    let shop = open().await;
    let instant = |n: usize| format!("2026-01-{:02}T{:02}:00:00Z", 1 + n / 20, n % 20);
    // The first visit lasts over all others, and carts without items count for nothing.
    let first = json!({ "user_id": "u1", "page_views": 2, "carts": 3, "first_ts": at(&instant(0)), "last_ts": at(&instant(99)) });
    let mut visits = vec![visit(1, "2026-01-01", "2026-01-05", first)];
    let mut views = vec![event(1, 1, &instant(0), json!({})), event(1, 2, &instant(99), json!({}))];
    for n in 1..30 {
        let number = 1 + n as u128;
        let ts = at(&instant(n * 3));
        let fields = json!({ "user_id": "u1", "page_views": 1, "carts": 1, "first_ts": ts, "last_ts": ts });
        visits.push(visit(number, &instant(n * 3)[..10], &instant(n * 3)[..10], fields));
        views.push(event(number, 1, &instant(n * 3), json!({ "page_title": n.to_string() })));
    }
    shop.visits(&visits).await;
    shop.put("page_view", &json!({}), &views).await;
    shop.put("add_to_cart", &json!({}), &[event(5, 8, &instant(12), json!({ "items": [] }))]).await;

    let all = shop.get("/analytics/history/user?user_id=u1").await;
    let all = all.as_array().unwrap();
    assert_eq!(all.len(), 31);
    assert!(all.windows(2).all(|pair| pair[0]["event_timestamp"].as_i64() <= pair[1]["event_timestamp"].as_i64()));
    for limit in [1, 2, 7, 30, 31] {
        let newest = shop.get(&format!("/analytics/history/user?user_id=u1&limit={limit}")).await;
        assert_eq!(newest.as_array().unwrap(), &all[31 - limit..], "{limit}");
    }
    assert_eq!(shop.get("/analytics/history/user?user_id=u2").await, json!([]));
}

#[tokio::test]
async fn an_aggregate_is_one_entry_of_a_history() {
    let shop = open().await;
    let (older, newer) = (at("2026-01-05T12:00:00Z"), at("2026-01-06T12:00:00Z"));
    shop.visits(&[
        visit(
            1,
            "2026-01-05",
            "2026-01-05",
            json!({ "user_id": "u1", "page_views": 1, "first_ts": older, "last_ts": older }),
        ),
        visit(
            2,
            "2026-01-06",
            "2026-01-06",
            json!({ "user_id": "u1", "page_views": 500, "has_aggregates": true, "first_ts": newer, "last_ts": newer }),
        ),
    ])
    .await;
    let aggregate = event(2, 1, "2026-01-06T12:00:00Z", json!({ "event_count": 500 }));
    shop.put("page_view", &json!({}), &[event(1, 1, "2026-01-05T12:00:00Z", json!({})), aggregate]).await;
    let history = shop.get("/analytics/history/user?user_id=u1&limit=2").await;
    let times: Vec<&Value> = history.as_array().unwrap().iter().map(|entry| &entry["event_timestamp"]).collect();
    assert_eq!(times, [&json!(older), &json!(newer)]);
}

#[tokio::test]
async fn events_of_no_visit_belong_to_whom_they_name() {
    let shop = open().await;
    let loose = |n: u128, web: Value, ga: Value, fields: Value| {
        let event = event(
            1,
            n,
            &format!("2026-01-05T12:00:{n:02}Z"),
            json!({
                "visit_id": null, "ga_session_id": null, "user_pseudo_id": null, "web_user_id": web, "ga_user_id": ga,
            }),
        );
        over(&event, &fields)
    };
    shop.put(
        "purchase",
        &json!({}),
        &[
            loose(1, json!("u1"), Value::Null, json!({ "transaction_id": "T-1", "branch_id": "D01" })),
            loose(2, json!("u2"), json!("u1"), json!({ "transaction_id": "T-2" })),
        ],
    )
    .await;
    shop.put(
        "page_view",
        &json!({}),
        &[
            loose(3, Value::Null, json!("u1"), json!({ "page_title": "x" })),
            loose(4, Value::Null, Value::Null, json!({})),
        ],
    )
    .await;
    shop.put("view_item", &json!({}), &[loose(5, json!("u1"), Value::Null, json!({ "items": [] }))]).await;

    let history = shop.get("/analytics/history/user?user_id=u1").await;
    let kinds: Vec<&Value> = history.as_array().unwrap().iter().map(|entry| &entry["event_type"]).collect();
    assert_eq!(kinds, [&json!("purchase"), &json!("page_view")]);
    assert_eq!((&history[0]["param_ga_session_id"], &history[0]["details"]["items"]), (&Value::Null, &json!("[]")));
    assert_eq!(history[0]["details"]["revenue"], Value::Null);
    let newest = shop.get("/analytics/history/user?user_id=u1&limit=1").await;
    assert_eq!(newest[0]["event_type"], "page_view");
    let manager = shop.member(Role::Manager, Some(&["D01"])).await;
    let seen = manager.get("/analytics/history/user?user_id=u1").await.expect(200);
    assert_eq!((seen.as_array().map(Vec::len), &seen[0]["event_type"]), (Some(1), &json!("purchase")));
}
