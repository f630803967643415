//! What is in each list, and every field of a line.

use serde_json::{Value, json};

use crate::support::{Shop, at, day_base, id};

/// The customer of the lines below, as they show it.
fn customer() -> Value {
    json!({
        "user_id": "u1", "customer_name": "Acme Ltd", "email": "ann@acme.test", "phone": "555-1",
        "office_phone": "556-1", "completed": false, "completed_by": null, "completed_at": null,
    })
}

async fn shop() -> Shop {
    let shop = Shop::open().await;
    let user = json!({
        "user_id": "u1", "user_name": "Ann", "buying_company_name": "Acme Ltd", "email": "ann@acme.test",
        "cell_phone": "555-1", "office_phone": "556-1", "is_active": true, "created_at": "now", "updated_at": "now",
    });
    shop.put("users", &json!({}), &[user]).await;
    shop
}

#[track_caller]
fn assert_line(line: &Value, parts: &[Value]) {
    let expected = parts.iter().fold(json!({}), |all, part| crate::support::over(&all, part));
    assert_eq!(*line, expected);
}

#[tokio::test]
async fn purchases_are_those_that_count() {
    let shop = shop().await;
    let products = json!([
        {"item_id": "A", "item_name": "Valve", "item_category": "Valves", "price": 6.25, "quantity": 2},
        {"item_name": "Pipe"},
    ]);
    let base = json!({ "event_date": "2026-01-05", "hour": 7, "counted": true });
    let first = at("2026-01-05T12:00:00Z");
    shop.put(
        "orders",
        &base,
        &[
            json!({
                "event_id": id(1), "line_id": id(11), "transaction_id": "T-1", "event_timestamp": first, "visit_id": id(1),
                "user_pseudo_id": "p1", "ga_session_id": 17, "user_id": "u1", "location_id": "D01", "amount": 89.9,
                "page_location": "https://shop.test/thanks", "products": products,
            }),
            json!({ "event_id": id(2), "line_id": id(11), "transaction_id": "T-1", "event_timestamp": first + 1, "counted": false }),
            json!({ "event_id": id(3), "line_id": id(13), "event_timestamp": first + 2 }),
        ],
    )
    .await;
    shop.put("daily_stats", &day_base(), &[json!({ "day": "2026-01-05", "purchases": 2 })]).await;

    let answer = shop.get("/analytics/tasks/purchases").await;
    assert_eq!(answer["total"], 2);
    assert_line(
        &answer["data"][1],
        &[
            customer(),
            json!({
                "line_id": id(11), "session_id": "17", "user_pseudo_id": "p1", "location_id": "D01",
                "event_date": "2026-01-05", "transaction_id": "T-1", "order_value": 89.9, "has_value": true,
                "page_location": "https://shop.test/thanks", "ga_session_id": "17",
                "products": [
                    {"item_id": "A", "item_name": "Valve", "item_category": "Valves", "price": 6.25, "quantity": 2},
                    {"item_id": null, "item_name": "Pipe", "item_category": null, "price": null, "quantity": 1},
                ],
            }),
        ],
    );
    // A purchase that says nothing, of nobody: nothing is missing from its line.
    assert_line(
        &answer["data"][0],
        &[json!({
            "line_id": id(13), "session_id": null, "user_pseudo_id": null, "location_id": null, "event_date": "2026-01-05",
            "user_id": null, "customer_name": null, "email": null, "phone": null, "office_phone": null,
            "completed": false, "completed_by": null, "completed_at": null, "transaction_id": null, "order_value": 0,
            "has_value": false, "page_location": "", "ga_session_id": null, "products": [],
        })],
    );
}

#[tokio::test]
async fn an_aggregate_of_purchases_is_one_line() {
    let shop = shop().await;
    let order = json!({
        "event_id": id(1), "line_id": id(11), "event_date": "2026-01-05", "event_timestamp": at("2026-01-05T12:00:00Z"),
        "hour": 7, "counted": true, "event_count": 5, "amount": 50,
    });
    shop.put("orders", &json!({}), &[order]).await;
    let day = json!({ "day": "2026-01-05", "purchases": 5, "purchase_lines": 1, "revenue": 50 });
    shop.put("daily_stats", &day_base(), &[day]).await;
    let answer = shop.get("/analytics/tasks/purchases").await;
    assert_eq!((&answer["total"], answer["data"].as_array().map(Vec::len)), (&json!(1), Some(1)));
    let stats = shop.get("/analytics/stats?start_date=2026-01-05&end_date=2026-01-05").await;
    assert_eq!(stats["metrics"]["purchases"], 5);
}

#[tokio::test]
async fn abandoned_carts_are_visits_that_did_not_buy() {
    let shop = shop().await;
    let last = at("2026-01-06T04:30:00.000007Z");
    shop.visits(&[
        json!({
            "visit_id": id(1), "user_pseudo_id": "p1", "ga_session_id": 17, "user_id": "u1", "location_id": "D01",
            "last_day": "2026-01-06", "carts": 2, "last_cart_ts": last, "last_cart_day": "2026-01-06", "cart_items": 2,
            "cart_value": 12.50,
        }),
        json!({ "visit_id": id(2), "carts": 1, "purchases": 1, "last_cart_ts": last, "last_cart_day": "2026-01-06" }),
        json!({ "visit_id": id(3), "page_views": 1 }),
        // Known by id only, and nothing known of the price.
        json!({
            "visit_id": id(4), "user_id": "u9", "carts": 1, "last_cart_ts": last - 1, "last_cart_day": "2026-01-05",
            "cart_items": 1,
        }),
    ])
    .await;
    let cart = json!([{"item_id": "A", "price": 6.25, "quantity": 2}, {"item_id": "B"}]);
    shop.put(
        "visit_products",
        &json!({}),
        &[json!({ "visit_id": id(1), "cart": cart }), json!({ "visit_id": id(4), "cart": [{"item_id": "B"}] })],
    )
    .await;
    shop.put("daily_stats", &day_base(), &[json!({ "day": "2026-01-05", "abandoned_carts": 2 })]).await;

    let answer = shop.get("/analytics/tasks/cart-abandonment").await;
    assert_eq!(answer["total"], 2);
    assert_line(
        &answer["data"][0],
        &[
            customer(),
            json!({
                "line_id": id(1), "session_id": "17", "user_pseudo_id": "p1", "location_id": "D01",
                "event_date": "2026-01-06", "last_activity": "2026-01-06",
                "last_activity_at": "2026-01-06T04:30:00.000007Z", "items_count": 2, "total_value": 12.5, "has_value": true,
                "products": [
                    {"item_id": "A", "item_name": null, "item_category": null, "price": 6.25, "quantity": 2},
                    {"item_id": "B", "item_name": null, "item_category": null, "price": null, "quantity": 1},
                ],
            }),
        ],
    );
    let unknown = &answer["data"][1];
    assert_eq!((&unknown["user_id"], &unknown["customer_name"]), (&json!("u9"), &Value::Null));
    assert_eq!((&unknown["total_value"], &unknown["has_value"]), (&json!(0), &json!(false)));
    // The range and the branch are the visit's, not the last event's.
    for (query, total) in [
        ("start_date=2026-01-05&end_date=2026-01-05", 2),
        ("start_date=2026-01-06&end_date=2026-01-06", 0),
        ("location_id=D01&start_date=2026-01-05&end_date=2026-01-05", 1),
        ("location_id=D02", 0),
    ] {
        assert_eq!(shop.lines(&format!("/analytics/tasks/cart-abandonment?{query}")).await.len(), total, "{query}");
    }
}

#[tokio::test]
async fn searches_keep_converted_visits_only_when_asked() {
    let shop = shop().await;
    let (first, day) = (at("2026-01-05T12:00:00Z"), "2026-01-05");
    let base = json!({ "last_day": day, "day": day, "user_pseudo_id": "p1", "ga_session_id": 17, "converted": false });
    shop.put("search_lines", &base, &[
        json!({
            "line_id": id(1), "visit_id": id(1), "search_type": "no_results", "search_term": "flange", "search_count": 2,
            "last_ts": first, "user_id": "u1", "location_id": "D01",
        }),
        json!({
            "line_id": id(2), "visit_id": id(1), "search_type": "no_conversion", "search_term": "pipe, valve",
            "search_count": 3, "last_ts": first + 1,
        }),
        json!({
            "line_id": id(3), "visit_id": id(2), "search_type": "no_conversion", "search_term": "tap", "search_count": 4,
            "last_ts": first + 2, "converted": true,
        }),
    ])
    .await;

    let answer = shop.get("/analytics/tasks/search-analysis").await;
    assert_eq!((&answer["total"], &answer["data"][0]["search_term"]), (&json!(2), &json!("pipe, valve")));
    assert_line(
        &answer["data"][1],
        &[
            customer(),
            json!({
                "line_id": id(1), "session_id": "17", "user_pseudo_id": "p1", "location_id": "D01", "event_date": day,
                "search_term": "flange", "search_type": "no_results", "search_count": 2, "converted": false,
            }),
        ],
    );
    let all = shop.get("/analytics/tasks/search-analysis?include_converted=true").await;
    assert_eq!((&all["total"], &all["data"][0]["search_term"]), (&json!(3), &json!("tap")));
    assert_eq!(shop.get("/analytics/tasks/search-analysis?include_converted=false").await["total"], 2);
    assert_eq!(shop.get("/analytics/tasks/search-analysis?location_id=D01").await["total"], 1);
}

#[tokio::test]
async fn repeat_visits_need_two_active_visits_in_the_selection() {
    let shop = shop().await;
    let active = |n: u128, day: &str, user: Value, branch: &str, pages: i32| {
        let last = at(&format!("{day}T12:00:00Z"));
        json!({
            "visit_id": id(n), "day": day, "user_id": user, "location_id": branch, "pages": pages, "page_views": pages,
            "last_page_ts": last, "last_page_day": day, "products_viewed": 1,
        })
    };
    shop.visits(&[
        active(1, "2026-01-05", json!("u1"), "D01", 4),
        active(2, "2026-01-06", json!("u1"), "D02", 3),
        active(3, "2026-02-01", json!("u1"), "D01", 5),
        // Not active, not known, once only.
        active(4, "2026-01-06", json!("u1"), "D01", 2),
        active(5, "2026-01-06", Value::Null, "D01", 9),
        active(6, "2026-01-06", json!("u2"), "D01", 9),
    ])
    .await;
    let viewed =
        json!([{"title": "Valve", "url": "https://shop.test/v", "category": "Valves", "price": 3.5}, {"title": "B"}]);
    shop.put("visit_products", &json!({}), &[json!({ "visit_id": id(3), "viewed": viewed })]).await;

    let answer = shop.get("/analytics/tasks/repeat-visits").await;
    assert_eq!(answer["total"], 3);
    assert_line(
        &answer["data"][0],
        &[
            customer(),
            json!({
                "line_id": id(3), "session_id": "1767600000", "user_pseudo_id": "visitor", "location_id": "D01",
                "event_date": "2026-02-01", "page_views_count": 5, "products_viewed": 1,
                "products_details": [
                    {"title": "Valve", "url": "https://shop.test/v", "category": "Valves", "price": 3.5},
                    {"title": "B", "url": null, "category": null, "price": null},
                ],
            }),
        ],
    );
    assert_eq!(answer["data"][1]["products_details"], json!([]));
    for (query, total) in [
        ("start_date=2026-01-01&end_date=2026-01-31", 2),
        ("start_date=2026-01-06&end_date=2026-02-28", 2),
        ("start_date=2026-02-01&end_date=2026-02-28", 0),
        ("location_id=D01", 2),
        ("location_id=D02", 0),
        ("location_id=D01&location_id=D02", 3),
    ] {
        let answer = shop.get(&format!("/analytics/tasks/repeat-visits?{query}")).await;
        assert_eq!((&answer["total"], answer["data"].as_array().unwrap().len()), (&json!(total), total), "{query}");
    }
}

#[tokio::test]
async fn bounces_come_with_the_pages_that_bounce_most() {
    let shop = shop().await;
    let last = at("2026-01-05T12:00:00Z");
    let bounce = json!({
        "visit_id": id(1), "user_id": "u1", "location_id": "D01", "user_pseudo_id": "p1", "ga_session_id": 17, "pages": 1,
        "page_views": 2, "last_page_ts": last, "last_page_day": "2026-01-05", "entry_page": "https://shop.test/",
    });
    shop.visits(&[bounce, json!({ "visit_id": id(2), "pages": 2, "page_views": 2 })]).await;
    let page = |n: u128, day: &str, branch: &str, bounces: i64| json!({ "location_id": branch, "day": day, "page_hash": id(n), "entry_page": format!("/{n:02}"), "bounces": bounces });
    let mut pages: Vec<Value> = (1..=12).map(|n| page(n, "2026-01-05", "", 1)).collect();
    pages.extend([page(7, "2026-01-06", "", 2), page(7, "2026-01-06", "D01", 2), page(9, "2026-03-01", "", 5)]);
    shop.put("bounce_pages", &json!({}), &pages).await;

    let answer = shop.get("/analytics/tasks/performance?start_date=2026-01-01&end_date=2026-01-31").await;
    assert_eq!(answer["total"], 14);
    assert_line(
        &answer["data"]["bounced_sessions"][0],
        &[
            customer(),
            json!({
                "line_id": id(1), "session_id": "17", "user_pseudo_id": "p1", "location_id": "D01",
                "event_date": "2026-01-05", "entry_page": "https://shop.test/",
            }),
        ],
    );
    let expected: Vec<Value> = [7, 1, 2, 3, 4, 5, 6, 8, 9, 10]
        .map(|n| json!({ "entry_page": format!("/{n:02}"), "bounce_count": if n == 7 { 3 } else { 1 } }))
        .into();
    assert_eq!(answer["data"]["frequently_bounced_pages"], Value::from(expected));
    let branch = shop.get("/analytics/tasks/performance?location_id=D01").await;
    assert_eq!(branch["data"]["frequently_bounced_pages"], json!([{ "entry_page": "/07", "bounce_count": 2 }]));
    let nothing = shop.get("/analytics/tasks/performance?location_id=D09").await;
    assert_eq!(nothing["data"], json!({ "bounced_sessions": [], "frequently_bounced_pages": [] }));
}

#[tokio::test]
async fn a_visit_that_lasts_for_days_is_in_its_first_days_range() {
    let shop = shop().await;
    let long = |n: u128, last: &str, last_day: &str| {
        json!({
            "visit_id": id(n), "day": "2026-01-05", "last_day": last_day, "pages": 1, "page_views": 2, "entry_page": "/",
            "last_page_ts": at(last), "last_page_day": last_day, "last_ts": at(last),
        })
    };
    shop.visits(&[
        long(1, "2026-03-09T12:00:00Z", "2026-03-09"),
        long(2, "2026-01-08T23:00:00Z", "2026-01-08"),
        // The first minutes of the day in the farthest east, the last in the farthest west.
        long(3, "2026-01-04T10:00:00Z", "2026-01-05"),
        long(4, "2026-01-06T11:59:59Z", "2026-01-05"),
    ])
    .await;
    let answer = shop.get("/analytics/tasks/performance?start_date=2026-01-05&end_date=2026-01-05").await;
    let lines: Vec<&Value> =
        answer["data"]["bounced_sessions"].as_array().unwrap().iter().map(|line| &line["line_id"]).collect();
    assert_eq!(lines, [1, 2, 4, 3].map(|n| json!(id(n))).iter().collect::<Vec<_>>());
}
