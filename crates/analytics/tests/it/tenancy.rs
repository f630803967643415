//! Two tenants with the same rows: neither sees the other, not even through functions that forgot to ask whose.

use common::{db::TenantTx, ids::TenantId};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgPool};

use crate::support::{Shop, at, day_base, hour_base, id, put};

/// The same rows for any tenant: one line in each list, one event in each history, one branch.
async fn fill(shop: &Shop, tenant: TenantId) {
    let db = &shop.db;
    let ts = at("2026-01-05T12:00:00Z");
    let now = json!({ "is_active": true, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z" });
    put(db, tenant, "users", &now, &[json!({ "user_id": "u1", "buying_company_name": "Acme" })]).await;
    put(db, tenant, "locations", &now, &[json!({ "location_id": "D01", "location_name": "One" })]).await;
    let visit = json!({
        "day": "2026-01-05", "last_day": "2026-01-05", "user_pseudo_id": "p1", "ga_session_id": 17, "user_id": "u1",
        "location_id": "D01", "first_ts": ts, "last_ts": ts, "start_hour": 7, "page_views": 3, "pages": 3, "view_items": 0,
        "carts": 1, "purchases": 0, "searches": 0, "searches_with_term": 0, "failed_searches": 0, "last_page_ts": ts,
        "last_page_day": "2026-01-05", "last_cart_ts": ts, "last_cart_day": "2026-01-05", "cart_items": 1, "cart_value": 1,
        "products_viewed": 1, "own_event_ids": false,
    });
    put(db, tenant, "visits", &visit, &[
        json!({ "visit_id": id(1) }),
        json!({ "visit_id": id(2), "user_pseudo_id": "p2", "ga_session_id": 18 }),
        json!({ "visit_id": id(3), "user_pseudo_id": "p3", "ga_session_id": 19, "pages": 1, "carts": 0, "entry_page": "/" }),
    ])
    .await;
    let products = json!({ "cart": [{"item_name": "Valve", "price": 1}], "viewed": [{"title": "Valve"}] });
    put(db, tenant, "visit_products", &products, &[json!({ "visit_id": id(1) })]).await;
    put(
        db,
        tenant,
        "search_lines",
        &json!({}),
        &[json!({
            "line_id": id(4), "visit_id": id(1), "search_type": "no_results", "search_term": "x", "search_count": 1,
            "last_ts": ts, "last_day": "2026-01-05", "day": "2026-01-05", "user_pseudo_id": "p1", "ga_session_id": 17,
            "user_id": "u1", "location_id": "D01", "converted": false,
        })],
    )
    .await;
    put(db, tenant, "orders", &json!({}), &[json!({
        "event_id": id(5), "line_id": id(5), "event_date": "2026-01-05", "event_timestamp": ts, "hour": 7, "counted": true,
        "user_id": "u1", "location_id": "D01", "amount": 5,
    })])
    .await;
    for location in ["", "D01"] {
        let day = json!({
            "location_id": location, "day": "2026-01-05", "visitors": 3, "purchases": 1, "revenue": 5, "abandoned_carts": 2,
            "page_views": 7,
        });
        put(db, tenant, "daily_stats", &day_base(), &[day]).await;
        let hour = json!({ "location_id": location, "day": "2026-01-05", "hour": 7, "visitors": 3 });
        put(db, tenant, "hourly_stats", &hour_base(), &[hour]).await;
        let user = json!({ "location_id": location, "day": "2026-01-05", "user_id": "u1", "visits": 3 });
        put(db, tenant, "user_days", &json!({}), &[user]).await;
        let page = json!({ "location_id": location, "day": "2026-01-05", "page_hash": id(1), "entry_page": "/", "bounces": 1 });
        put(db, tenant, "bounce_pages", &json!({}), &[page]).await;
    }
    let events = json!({ "day": "2026-01-05", "table_name": "page_view", "events": 2 });
    put(db, tenant, "day_events", &json!({}), &[events]).await;
    let day = json!({ "day": "2026-01-05", "source": "export_files", "shard": "daily", "events": 2, "final": true, "ingested_at": "2026-01-06T00:00:00Z" });
    put(db, tenant, "ingested_days", &json!({}), &[day]).await;
    let event = json!({
        "event_date": "2026-01-05", "event_timestamp": ts, "event_count": 1, "posted": false, "page_location": "/",
        "visit_id": id(1), "ga_session_id": 17,
    });
    put(
        db,
        tenant,
        "page_view",
        &event,
        &[
            json!({ "event_id": id(1) }),
            json!({ "event_id": id(9), "visit_id": null, "ga_session_id": null, "web_user_id": "u1" }),
        ],
    )
    .await;
    let job = json!({
        "job_id": id(1), "origin": "folder", "source": "export_files", "mode": "replace", "data_types": ["events"],
        "status": "completed", "cancel_requested": false, "attempts": 1, "progress": {}, "records": {}, "rejected": 0,
        "warnings": [], "created_at": "2026-01-06T00:00:00Z",
    });
    put(db, tenant, "ingestion_jobs", &json!({}), &[job]).await;
    let state =
        json!({ "list": "purchases", "line_id": id(5), "completed": true, "updated_at": "2026-01-06T00:00:00Z" });
    put(db, tenant, "task_states", &json!({}), &[state]).await;
}

async fn partitions(shop: &Shop) {
    sqlx::query("select ensure_event_partitions('2026-01-01')").execute(&shop.db.app).await.unwrap();
}

/// Every reading function of this service's folders, called about the tenant $1.
const CALLS: [(&str, &str); 15] = [
    ("purchases", "get_purchase_tasks($1, null, null, null, null, null, true, 50, 0, null, null)"),
    ("carts", "get_cart_abandonment_tasks($1, '2026-01-01', '2026-01-31', null, null, null, true, 50, 0, null, null)"),
    ("searches", "get_search_analysis_tasks($1, null, null, '{D01}', null, null, true, 50, 0, null, null, true)"),
    ("repeat visits", "get_repeat_visit_tasks($1, null, null, null, 'acme', null, true, 50, 0, null, null)"),
    (
        "repeat visits by product",
        "get_repeat_visit_tasks($1, null, null, null, 'valve', 'customer_name', true, 50, 0, null, null)",
    ),
    ("bounces", "get_performance_tasks($1, null, null, null, null, null, true, 50, 0, null, null)"),
    (
        "one line",
        "get_purchase_tasks($1, null, null, null, null, null, true, 1, 0, null, '00000000-0000-0000-0000-000000000005')",
    ),
    ("dashboard", "get_complete_dashboard_data($1, '2026-01-01', '2026-01-31', 'daily', null, null)"),
    ("dashboard by hour", "get_complete_dashboard_data($1, null, null, 'hourly', '{D01}', null)"),
    ("locations", "(select jsonb_agg(to_jsonb(l)) from get_locations_with_activity_table($1, null) l)"),
    ("session", "get_session_history($1, 17, null, null, 100)"),
    ("user", "get_user_history($1, 'u1', null, 100)"),
    ("availability", "get_data_availability($1)"),
    ("jobs", "get_ingestion_jobs($1, null, 10, 0)"),
    ("job", "get_ingestion_job($1, '00000000-0000-0000-0000-000000000001')"),
];

/// What the functions say about `asked` to somebody who works for `working`, without the tenant's own id in it.
async fn answers(pool: &PgPool, working: TenantId, asked: TenantId) -> Vec<(&'static str, Value)> {
    let mut answers = Vec::new();
    for (name, call) in CALLS {
        let answer = answer(pool, working, asked, call).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let text = answer.unwrap_or_default().to_string().replace(&working.to_string(), "ours");
        answers.push((name, serde_json::from_str(&text).unwrap()));
    }
    answers
}

async fn answer(pool: &PgPool, working: TenantId, asked: TenantId, call: &str) -> Result<Option<Value>, sqlx::Error> {
    let mut tx = TenantTx::begin(pool, working).await?;
    sqlx::query_scalar(AssertSqlSafe(format!("select {call}"))).bind(asked).fetch_one(tx.conn()).await
}

/// Takes every `tenant_id = …` out of the functions of the schema, in this database.
async fn forget_tenants(shop: &Shop) {
    let sources: Vec<(String, String)> = sqlx::query_as(
        "select p.proname::text, pg_get_functiondef(p.oid)
         from pg_proc p
         join schema_functions f on f.name = p.proname
         where p.prosrc ~ 'tenant_id = '",
    )
    .fetch_all(&shop.db.owner)
    .await
    .unwrap();
    assert!(sources.iter().any(|(name, _)| name == "task_page"));
    for (name, source) in sources {
        let mut changed = source.clone();
        for whose in ["p_tenant_id", "$1"] {
            for alias in "abcdefghijklmnopqrstuvwxyz".chars() {
                changed = changed.replace(&format!("{alias}.tenant_id = {whose}"), "true");
            }
        }
        if changed != source {
            sqlx::raw_sql(AssertSqlSafe(changed))
                .execute(&shop.db.owner)
                .await
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}

#[tokio::test]
async fn neighbours_with_the_same_rows_see_their_own() {
    let shop = Shop::open().await;
    partitions(&shop).await;
    let (other, neighbour) = shop.neighbour().await;
    fill(&shop, shop.tenant).await;
    let paths = [
        "/analytics/locations",
        "/analytics/stats?start_date=2026-01-01&end_date=2026-01-31",
        "/analytics/tasks/purchases",
        "/analytics/tasks/cart-abandonment",
        "/analytics/tasks/search-analysis",
        "/analytics/tasks/repeat-visits",
        "/analytics/tasks/performance",
        "/analytics/history/user?user_id=u1",
        "/analytics/history/session?session_id=17",
    ];
    let mut alone = Vec::new();
    for path in paths {
        alone.push(shop.get(path).await);
        let strange = neighbour.get(path).await.expect(200).to_string();
        for trace in ["D01", "Acme", "p1", "u1", "00000000-0000-0000-0000-00000000000"] {
            assert!(!strange.contains(trace), "{path}: {strange}");
        }
    }
    fill(&shop, other).await;
    for (path, alone) in paths.into_iter().zip(alone) {
        assert_eq!(shop.get(path).await, alone, "{path}");
        assert_eq!(neighbour.get(path).await.expect(200), alone, "{path}");
    }
    // A line of the same id is completed in one of them only.
    let path = format!("/analytics/tasks/cart-abandonment/{}", id(1));
    let _ = neighbour.put(&path, &json!({ "completed": true })).await.expect(200);
    assert!(shop.lines("/analytics/tasks/cart-abandonment").await.iter().all(|line| line["completed"] == false));
}

#[tokio::test]
async fn the_wall_holds_where_a_function_forgets_the_tenant() {
    let shop = Shop::open().await;
    partitions(&shop).await;
    let (other, _) = shop.neighbour().await;
    fill(&shop, shop.tenant).await;
    let ours = answers(&shop.db.app, shop.tenant, shop.tenant).await;
    let nothing = answers(&shop.db.app, other, other).await;
    fill(&shop, other).await;
    // Asked about another tenant, whole functions answer with nothing.
    for ((name, strange), (_, empty)) in answers(&shop.db.app, shop.tenant, other).await.into_iter().zip(&nothing) {
        let without_settings = |value: &Value| -> Value {
            serde_json::from_str(&value.to_string().replace("\"$0.00\"", "null").replace("\"USD\"", "null")).unwrap()
        };
        if name != "dashboard by hour" {
            assert_eq!(without_settings(&strange), without_settings(empty), "{name}");
        }
    }
    assert_eq!(answers(&shop.db.app, shop.tenant, shop.tenant).await, ours);

    forget_tenants(&shop).await;
    // Whoever is asked about, only the rows of the tenant one works for are there.
    assert_eq!(answers(&shop.db.app, shop.tenant, shop.tenant).await, ours);
    assert_eq!(answers(&shop.db.app, shop.tenant, other).await, ours);
    assert_eq!(answers(&shop.db.app, other, shop.tenant).await, ours);
    // Without a tenant nothing is.
    let nobody = answers(&shop.db.app, TenantId::generate(), shop.tenant).await;
    for ((name, answer), (_, empty)) in nobody.into_iter().zip(nothing) {
        if !name.starts_with("dashboard") {
            assert_eq!(answer, empty, "{name}");
        }
    }
    // What was taken out did matter: who is held by no wall now sees both.
    let is_superuser: bool = sqlx::query_scalar("select rolsuper from pg_roles where rolname = current_user")
        .fetch_one(&shop.db.owner)
        .await
        .unwrap();
    if is_superuser {
        let mut mixed = 0;
        for ((_, call), (_, ours)) in CALLS.into_iter().zip(&ours) {
            // An error is a mixture too: one row was expected, and two came.
            let both = answer(&shop.db.owner, shop.tenant, shop.tenant, call).await;
            mixed += i32::from(!matches!(both, Ok(Some(both)) if both == *ours));
        }
        assert!(mixed >= 10, "{mixed}");
    }
}

#[tokio::test]
async fn every_operation_stands_behind_the_wall() {
    let shop = Shop::open().await;
    let document = serde_json::to_value(analytics_service::document()).unwrap();
    let tried = testkit::walls::assert_walled(shop.url(), &shop.state, &document, "/analytics/").await;
    println!("{tried:?}");
}
