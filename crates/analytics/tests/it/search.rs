//! `query`: what it looks at, and that nothing in it is special.

use serde_json::{Value, json};

use crate::support::{Shop, at, id};

async fn shop() -> Shop {
    let shop = Shop::open().await;
    let base = json!({ "is_active": true, "created_at": "now", "updated_at": "now" });
    shop.put("users", &base, &[
        json!({ "user_id": "u1", "user_name": "Ann Müller", "buying_company_name": "Acme 100% Ltd", "email": "ann@acme.test" }),
        json!({ "user_id": "u2", "user_name": "Bob", "buying_company_name": "Beta_Works", "email": "bob@beta.test" }),
    ])
    .await;
    let ts = at("2026-01-05T12:00:00Z");
    let cart = |n: u128, user: Value| {
        let at = ts + i64::try_from(n).unwrap();
        json!({
            "visit_id": id(n), "user_id": user, "carts": 1, "last_cart_ts": at, "last_cart_day": "2026-01-05", "pages": 3,
            "page_views": 3, "last_page_ts": at, "last_page_day": "2026-01-05",
        })
    };
    shop.visits(&[
        cart(1, json!("u1")),
        cart(2, json!("u2")),
        cart(3, Value::Null),
        cart(4, json!("web-77")),
        cart(5, json!("u1")),
        cart(6, json!("u2")),
    ])
    .await;
    shop.put(
        "visit_products",
        &json!({}),
        &[
            json!({
                "visit_id": id(3),
                "cart": [{"item_id": "SKU-9"}, {"item_name": "Ball \"valve\" 1/2\\3 Ärmel", "item_category": "Hidden"}],
            }),
            json!({ "visit_id": id(5), "viewed": [{"title": "Copper pipe", "category": "Hidden"}] }),
        ],
    )
    .await;
    shop.put("orders", &json!({ "event_date": "2026-01-05", "hour": 7, "counted": true, "event_timestamp": ts }), &[
        json!({ "event_id": id(1), "line_id": id(1), "transaction_id": "Order-1", "products": [{"item_name": "Tap"}] }),
        json!({ "event_id": id(2), "line_id": id(2), "user_id": "u2" }),
    ])
    .await;
    let search = json!({
        "last_day": "2026-01-05", "day": "2026-01-05", "user_pseudo_id": "p", "ga_session_id": 1, "converted": false,
        "search_count": 3, "last_ts": ts, "visit_id": id(1),
    });
    shop.put(
        "search_lines",
        &search,
        &[
            json!({ "line_id": id(1), "search_type": "no_results", "search_term": "100% brass" }),
            json!({ "line_id": id(2), "search_type": "no_results", "search_term": "100 brass", "user_id": "u1" }),
        ],
    )
    .await;
    shop
}

/// The numbers of the lines found, ascending; `total` must be how many there are.
async fn found(shop: &Shop, list: &str, query: &str) -> Vec<u128> {
    let answer = shop.client.get_with(&format!("/analytics/tasks/{list}"), &[("query", query)]).await.expect(200);
    let lines = answer["data"].as_array().unwrap();
    assert_eq!(answer["total"], lines.len(), "{query}");
    let number = |line: &Value| line["line_id"].as_str().unwrap().parse::<uuid::Uuid>().unwrap().as_u128();
    let mut numbers: Vec<u128> = lines.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test]
async fn it_looks_at_customer_company_mail_product_term_and_transaction() {
    let shop = shop().await;
    for (list, query, expected) in [
        ("cart-abandonment", "ANN", vec![1, 5]),
        ("cart-abandonment", "müLLER", vec![1, 5]),
        ("cart-abandonment", "acme 1", vec![1, 5]),
        ("cart-abandonment", "@BETA.test", vec![2, 6]),
        ("cart-abandonment", "u2", vec![2, 6]),
        ("cart-abandonment", "WEB-7", vec![4]),
        ("cart-abandonment", "sku-9", vec![3]),
        ("cart-abandonment", "\"Valve\" 1/2\\3 ä", vec![3]),
        ("cart-abandonment", "hidden", vec![]),
        ("cart-abandonment", "item_id", vec![]),
        ("cart-abandonment", "nothing", vec![]),
        ("purchases", "order-", vec![1]),
        ("purchases", "tap", vec![1]),
        ("purchases", "bob", vec![2]),
        ("search-analysis", "BRASS", vec![1, 2]),
        ("repeat-visits", "copper", vec![5]),
        ("repeat-visits", "beta", vec![2, 6]),
    ] {
        assert_eq!(found(&shop, list, query).await, expected, "{list} {query}");
    }
}

#[tokio::test]
async fn nothing_in_it_is_special() {
    let shop = shop().await;
    for (list, query, expected) in [
        ("search-analysis", "100%", vec![1, 2]),
        ("search-analysis", "100% b", vec![1]),
        ("search-analysis", "1%brass", vec![]),
        ("search-analysis", "_00", vec![]),
        ("cart-abandonment", "beta_", vec![2, 6]),
        ("cart-abandonment", "eta.", vec![2, 6]),
        ("cart-abandonment", "be.a", vec![]),
        ("cart-abandonment", ".*", vec![]),
        ("cart-abandonment", "(", vec![]),
        ("cart-abandonment", "\\", vec![3]),
        ("cart-abandonment", "'; drop table visits --", vec![]),
        ("cart-abandonment", "\" flag \"i", vec![]),
        ("cart-abandonment", "$[*]", vec![]),
        ("cart-abandonment", "%1", vec![]),
    ] {
        assert_eq!(found(&shop, list, query).await, expected, "{list} {query}");
    }
    // Blank is no search.
    assert_eq!(found(&shop, "search-analysis", "  ").await, [1, 2]);
}
