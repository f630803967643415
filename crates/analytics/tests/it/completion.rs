//! Completing lines: with who and when, kept over loads, one's own lists only.

use common::{auth::Role, db::TenantTx};
use serde_json::{Value, json};
use testkit::http::Client;

use crate::support::{Shop, at, id};

async fn shop() -> Shop {
    let shop = Shop::open().await;
    let ts = at("2026-01-05T12:00:00Z");
    let visit = |n: u128, branch: &str| {
        json!({
            "visit_id": id(n), "location_id": branch, "user_id": "u1", "carts": 1, "last_cart_ts": ts,
            "last_cart_day": "2026-01-05", "pages": 3, "page_views": 3, "last_page_ts": ts, "last_page_day": "2026-01-05",
        })
    };
    let bounce = json!({
        "visit_id": id(3), "pages": 1, "page_views": 1, "last_page_ts": ts, "last_page_day": "2026-01-05", "entry_page": "/",
    });
    shop.visits(&[visit(1, "D01"), visit(2, "D02"), bounce]).await;
    let order = json!({
        "event_id": id(1), "line_id": id(4), "event_date": "2026-01-05", "event_timestamp": ts, "hour": 7, "counted": true,
    });
    shop.put("orders", &json!({}), &[order]).await;
    let search = json!({
        "line_id": id(5), "visit_id": id(1), "search_type": "no_conversion", "search_term": "x", "search_count": 3,
        "last_ts": ts, "last_day": "2026-01-05", "day": "2026-01-05", "user_pseudo_id": "p", "ga_session_id": 1,
        "converted": true,
    });
    shop.put("search_lines", &json!({}), &[search]).await;
    shop
}

async fn set(client: &Client, list: &str, n: u128, completed: bool) -> Value {
    client.put(&format!("/analytics/tasks/{list}/{}", id(n)), &json!({ "completed": completed })).await.expect(200)
}

#[tokio::test]
async fn a_line_of_each_list_is_completed_and_opened_again() {
    let shop = shop().await;
    for (list, n, query) in [
        ("purchases", 4, ""),
        ("cart-abandonment", 1, ""),
        ("search-analysis", 5, "?include_converted=true"),
        ("repeat-visits", 2, ""),
        ("performance", 3, ""),
    ] {
        let line = set(&shop.client, list, n, true).await;
        assert_eq!((&line["line_id"], &line["completed"]), (&json!(id(n)), &json!(true)), "{list}");
        assert_eq!(line["completed_by"], json!(shop.owner.account), "{list}");
        assert!(line["completed_at"].as_str().unwrap().ends_with('Z'), "{line}");
        let answer = shop.get(&format!("/analytics/tasks/{list}{query}")).await;
        let lines = if list == "performance" { &answer["data"]["bounced_sessions"] } else { &answer["data"] };
        for shown in lines.as_array().unwrap() {
            assert_eq!(shown["completed"], shown["line_id"] == json!(id(n)), "{list}");
        }
        let opened = set(&shop.client, list, n, false).await;
        assert_eq!(
            (&opened["completed"], &opened["completed_by"], &opened["completed_at"]),
            (&json!(false), &Value::Null, &Value::Null)
        );
    }
}

#[tokio::test]
async fn who_completed_it_first_stays_and_so_does_it_over_a_load() {
    let shop = shop().await;
    let colleague = shop.member(Role::Viewer, None).await;
    let first = set(&shop.client, "cart-abandonment", 1, true).await;
    assert_eq!(set(&colleague, "cart-abandonment", 1, true).await, first);

    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query("create temporary table kept as select * from visits").execute(tx.conn()).await.unwrap();
    sqlx::query("delete from visits").execute(tx.conn()).await.unwrap();
    sqlx::query("insert into visits select * from kept").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    let lines = shop.lines("/analytics/tasks/cart-abandonment").await;
    assert_eq!(lines.iter().find(|line| line["line_id"] == json!(id(1))), Some(&first));
}

#[tokio::test]
async fn what_is_not_in_the_list_is_not_found_and_leaves_no_trace() {
    let shop = shop().await;
    let limited = shop.member(Role::Manager, Some(&["D01"])).await;
    let body = json!({ "completed": true });
    for (client, path) in [
        (&shop.client, format!("/analytics/tasks/cart-abandonment/{}", id(3))),
        (&shop.client, format!("/analytics/tasks/purchases/{}", id(99))),
        (&shop.client, format!("/analytics/tasks/no-such-list/{}", id(1))),
        (&shop.client, "/analytics/tasks/purchases/not-an-id".into()),
        (&limited, format!("/analytics/tasks/cart-abandonment/{}", id(2))),
        // Alone in the branch, the visit is no repeat visit.
        (&limited, format!("/analytics/tasks/repeat-visits/{}", id(1))),
    ] {
        let _ = client.put(&path, &body).await.problem(404);
    }
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    let states: i64 = sqlx::query_scalar("select count(*) from task_states").fetch_one(tx.conn()).await.unwrap();
    assert_eq!(states, 0);
    let _ = set(&limited, "cart-abandonment", 1, true).await;
    let path = format!("/analytics/tasks/cart-abandonment/{}", id(1));
    assert_eq!(shop.client.put(&path, &json!({ "completed": "yes" })).await.invalid_fields(), ["completed"]);
    assert_eq!(shop.client.put(&path, &json!({})).await.invalid_fields(), ["completed"]);
}
