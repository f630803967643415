//! Parameters: every fault at once, by name; what nobody knows is ignored; who may call.

use common::auth::Role;

use crate::support::Shop;

const LISTS: [&str; 5] = ["purchases", "cart-abandonment", "search-analysis", "repeat-visits", "performance"];

#[tokio::test]
async fn lists_refuse_every_fault_at_once() {
    let shop = Shop::open().await;
    for list in LISTS {
        let path = format!("/analytics/tasks/{list}");
        for (query, fields) in [
            (
                "page=0&limit=0&start_date=2026-02-30&sort_field=nope&sort_order=up&cursor=x",
                vec!["cursor", "end_date", "limit", "page", "sort_field", "sort_order", "start_date"],
            ),
            ("page=1.5&limit=1001", vec!["limit", "page"]),
            ("page=-1&limit=ten", vec!["limit", "page"]),
            ("page=1000001", vec!["page"]),
            ("start_date=2026-01-01", vec!["end_date"]),
            ("end_date=2026-01-01", vec!["start_date"]),
            ("start_date=2026-01-02&end_date=2026-01-01", vec!["end_date"]),
            ("start_date=2000-01-01&end_date=2026-01-01", vec!["end_date"]),
            ("start_date=01/02/2026&end_date=2026-1-3", vec!["end_date", "start_date"]),
            ("page=1&page=2", vec!["page"]),
            ("query=%00", vec!["query"]),
            ("location_id=%00", vec!["location_id"]),
            ("sort_field=products", vec!["sort_field"]),
        ] {
            let answer = shop.client.get(&format!("{path}?{query}")).await;
            assert_eq!(answer.invalid_fields(), fields, "{path}?{query}");
        }
        // Frontends send fields of emptied forms, and parameters of times past.
        let _ =
            shop.get(&format!("{path}?start_date=&end_date=&query=&cursor=&timezone_offset=-300&include_x=1")).await;
    }
    let problem = shop.client.get("/analytics/tasks/performance?sort_field=nope").await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("entry_page"), "{problem}");
    let flag = shop.client.get("/analytics/tasks/search-analysis?include_converted=maybe").await;
    assert_eq!(flag.invalid_fields(), ["include_converted"]);
}

#[tokio::test]
async fn the_dashboard_refuses_ranges_nobody_reads() {
    let shop = Shop::open().await;
    for (query, fields) in [
        ("start_date=2026-01-01", vec!["end_date"]),
        ("end_date=2026-01-01", vec!["start_date"]),
        ("granularity=yearly&start_date=x&end_date=y", vec!["end_date", "granularity", "start_date"]),
        ("granularity=hourly&start_date=2026-01-01&end_date=2026-02-01", vec!["granularity"]),
        ("granularity=4hours&start_date=2026-01-01&end_date=2026-02-01", vec!["granularity"]),
        ("granularity=12hours&start_date=2026-01-01&end_date=2026-02-01", vec!["granularity"]),
        ("start_date=2016-01-01&end_date=2026-01-01", vec!["end_date"]),
        ("start_date=2026-01-02&end_date=2026-01-01", vec!["end_date"]),
    ] {
        assert_eq!(shop.client.get(&format!("/analytics/stats?{query}")).await.invalid_fields(), fields, "{query}");
    }
    let _ = shop.get("/analytics/stats?granularity=hourly&start_date=2026-01-01&end_date=2026-01-31").await;
    let _ = shop.get("/analytics/stats?timezone_offset=-300&start_date=&end_date=").await;
}

#[tokio::test]
async fn histories_need_to_know_whose() {
    let shop = Shop::open().await;
    for (path, fields) in [
        ("/analytics/history/user?limit=0", vec!["limit", "user_id"]),
        ("/analytics/history/user?user_id=u1&limit=10001", vec!["limit"]),
        ("/analytics/history/session", vec!["session_id"]),
        ("/analytics/history/session?session_id=abc&limit=x", vec!["limit", "session_id"]),
    ] {
        assert_eq!(shop.client.get(path).await.invalid_fields(), fields, "{path}");
    }
}

#[tokio::test]
async fn people_are_let_in_and_machines_are_not() {
    let shop = Shop::open().await;
    let viewer = shop.member(Role::Viewer, None).await;
    let machine = shop.member(Role::Service, None).await;
    let line = crate::support::id(1);
    for path in [
        "/analytics/locations",
        "/analytics/stats",
        "/analytics/tasks/purchases",
        "/analytics/tasks/cart-abandonment",
        "/analytics/tasks/search-analysis",
        "/analytics/tasks/repeat-visits",
        "/analytics/tasks/performance",
        "/analytics/history/user?user_id=u1",
        "/analytics/history/session?session_id=1",
    ] {
        assert_eq!(viewer.get(path).await.status, 200, "{path}");
        let _ = machine.get(path).await.problem(403);
    }
    let body = serde_json::json!({ "completed": true });
    let path = format!("/analytics/tasks/purchases/{line}");
    let _ = machine.put(&path, &body).await.problem(403);
    let _ = viewer.put(&path, &body).await.problem(404);
}
