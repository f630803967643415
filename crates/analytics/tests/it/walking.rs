//! Walking lists: every line once, by page and by cursor, in every order.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Shop, at, day_base, id};

const LISTS: [&str; 5] = ["purchases", "cart-abandonment", "search-analysis", "repeat-visits", "performance"];
const LINES: u128 = 57;

/// Each list has the same number of lines, in threes at the same instant, with values that repeat and values missing.
async fn shop() -> Shop {
    let shop = Shop::open().await;
    let user = |n: i32| {
        json!({
            "user_id": format!("u{n}"), "buying_company_name": (n != 2).then(|| format!("Company {n}")),
            "email": format!("{n}@x.test"), "is_active": true, "created_at": "now", "updated_at": "now",
        })
    };
    shop.put("users", &json!({}), &(0..4).map(user).collect::<Vec<_>>()).await;
    let (mut visits, mut orders, mut searches, mut products) = (vec![], vec![], vec![], vec![]);
    for n in 1..=LINES {
        let ts = at("2026-01-05T12:00:00Z") + i64::try_from(n / 3).unwrap();
        let user = (n % 7 != 0).then(|| format!("u{}", n % 5));
        let branch = (n % 4 != 0).then(|| format!("D{}", n % 4));
        let whose = json!({ "user_pseudo_id": format!("p{}", n % 6), "ga_session_id": n % 13, "location_id": branch });
        let row = |fields: Value| crate::support::over(&whose, &fields);
        visits.push(row(json!({
            "visit_id": id(n), "user_id": user, "carts": 1, "last_cart_ts": ts, "last_cart_day": "2026-01-05",
            "cart_items": n % 3, "cart_value": n % 8,
        })));
        visits.push(row(json!({
            "visit_id": id(1000 + n), "user_id": format!("u{}", n % 5), "pages": 3 + n % 4, "page_views": 9,
            "last_page_ts": ts, "last_page_day": "2026-01-05", "products_viewed": n % 3,
        })));
        visits.push(row(json!({
            "visit_id": id(2000 + n), "user_id": user, "pages": 1, "page_views": 1, "last_page_ts": ts,
            "last_page_day": "2026-01-05", "entry_page": format!("/{}", n % 9),
        })));
        products.push(json!({ "visit_id": id(n), "cart": [{ "item_id": "A", "price": (n % 2 == 0).then_some(1) }] }));
        orders.push(row(json!({
            "event_id": id(n), "line_id": id(3000 + n), "event_date": "2026-01-05", "event_timestamp": ts, "hour": 7,
            "user_id": user, "transaction_id": (n % 10 != 0).then(|| format!("T{n}")), "counted": true,
            "amount": (n % 5 != 0).then_some(n % 8),
        })));
        searches.push(row(json!({
            "line_id": id(4000 + n), "visit_id": id(n), "search_type": if n % 2 == 0 { "no_results" } else { "no_conversion" },
            "search_term": format!("term {}", n % 6), "search_count": n % 4, "last_ts": ts, "last_day": "2026-01-05",
            "day": "2026-01-05", "user_id": user, "converted": false,
        })));
    }
    shop.visits(&visits).await;
    shop.put("visit_products", &json!({}), &products).await;
    shop.put("orders", &json!({}), &orders).await;
    shop.put("search_lines", &json!({}), &searches).await;
    let day = json!({ "day": "2026-01-05", "purchases": LINES, "abandoned_carts": LINES });
    shop.put("daily_stats", &day_base(), &[day]).await;
    let bounces =
        json!({ "location_id": "", "day": "2026-01-05", "page_hash": id(1), "entry_page": "/", "bounces": LINES });
    shop.put("bounce_pages", &json!({}), &[bounces]).await;
    let states: Vec<Value> =
        (1..=20).map(|n| json!({ "line_id": id(n * 7 % 60), "completed": n % 3 != 0, "updated_at": "now" })).collect();
    shop.put("task_states", &json!({ "list": "cart-abandonment" }), &states[..8]).await;
    shop
}

fn lines(answer: &Value) -> &Value {
    if answer["data"].is_array() { &answer["data"] } else { &answer["data"]["bounced_sessions"] }
}

fn ids(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["line_id"].as_str().unwrap()).collect()
}

/// The scalar fields of a list's lines, as its documentation promises to sort by.
fn scalars(line: &Value) -> Vec<String> {
    let apart = ["completed_by", "completed_at"];
    line.as_object()
        .unwrap()
        .iter()
        .filter(|(name, value)| !value.is_array() && !apart.contains(&name.as_str()))
        .map(|(name, _)| name.clone())
        .collect()
}

#[tokio::test]
async fn every_list_is_walked_whole_in_every_order() {
    let shop = shop().await;
    for list in LISTS {
        let path = format!("/analytics/tasks/{list}");
        let usual = shop.client.walk_pages(&path, 10, lines).await;
        assert_eq!(ids(&usual).into_iter().collect::<BTreeSet<_>>().len(), usize::try_from(LINES).unwrap(), "{list}");
        let mut newest = ids(&usual);
        assert_eq!(ids(&shop.client.walk_cursor(&path, 8, lines).await), newest, "{list}");
        newest.reverse();
        assert_eq!(ids(&shop.client.walk_cursor(&format!("{path}?sort_order=asc"), 11, lines).await), newest, "{list}");
        newest.reverse();

        for field in scalars(&usual[0]) {
            for order in ["asc", "desc"] {
                let path = format!("{path}?sort_field={field}&sort_order={order}");
                let paged = shop.client.walk_pages(&path, 19, lines).await;
                let walked = shop.client.walk_cursor(&path, 7, lines).await;
                assert_eq!(ids(&paged), ids(&walked), "{path}");
                assert_sorted(&paged, &field, order == "desc", &newest);
            }
        }
    }
}

/// By the field, nothing last; lines of the same value as in the usual order.
#[track_caller]
fn assert_sorted(sorted: &[Value], field: &str, descending: bool, usual: &[&str]) {
    let place = |line: &Value| usual.iter().position(|id| line["line_id"] == *id).unwrap();
    for pair in sorted.windows(2) {
        let (a, b) = (&pair[0][field], &pair[1][field]);
        let order = match (a, b) {
            (Value::Null, Value::Null) => std::cmp::Ordering::Equal,
            (Value::Null, _) => std::cmp::Ordering::Greater,
            (_, Value::Null) => std::cmp::Ordering::Less,
            _ if descending => compare(b, a),
            _ => compare(a, b),
        };
        assert!(
            order.then(place(&pair[0]).cmp(&place(&pair[1]))).is_lt(),
            "{field} {descending}: {} {}",
            pair[0],
            pair[1]
        );
    }
}

fn compare(a: &Value, b: &Value) -> std::cmp::Ordering {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()).unwrap(),
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        // Instants have as many digits as they need, so that their texts do not sort.
        (Value::String(a), Value::String(b)) if a.ends_with('Z') && a.contains('T') => at(a).cmp(&at(b)),
        (Value::String(a), Value::String(b)) => a.cmp(b),
        _ => panic!("{a} and {b}"),
    }
}

#[tokio::test]
async fn a_page_past_the_end_and_a_page_of_all() {
    let shop = shop().await;
    for list in LISTS {
        let past = shop.get(&format!("/analytics/tasks/{list}?page=1000000&limit=1000")).await;
        assert_eq!(
            (lines(&past), &past["total"], &past["has_more"]),
            (&json!([]), &json!(LINES), &json!(false)),
            "{list}"
        );
        assert_eq!(past["next_cursor"], Value::Null);
        let all = shop.get(&format!("/analytics/tasks/{list}?limit={LINES}")).await;
        assert_eq!((&all["page"], &all["limit"], &all["has_more"]), (&json!(1), &json!(LINES), &json!(false)));
    }
}

#[tokio::test]
async fn a_searched_list_is_walked_like_any() {
    let shop = shop().await;
    for (list, query) in [("purchases", "t1"), ("cart-abandonment", "company 1"), ("search-analysis", "term 3")] {
        let path = format!("/analytics/tasks/{list}?query={query}");
        let paged = shop.client.walk_pages(&path, 4, lines).await;
        assert_eq!(ids(&paged), ids(&shop.client.walk_cursor(&path, 3, lines).await), "{list}");
        assert!(paged.len() > 8, "{list}: {}", paged.len());
    }
}
