//! The functions that serve the data service: which days are there, and what became of loads.

use common::db::TenantTx;
use serde_json::{Value, json};

use crate::support::{Shop, id};

async fn call(shop: &Shop, sql: &'static str) -> Value {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query_scalar(sql).bind(shop.tenant).fetch_one(tx.conn()).await.unwrap()
}

#[tokio::test]
async fn availability_tells_days_with_their_source() {
    let shop = Shop::open().await;
    let empty = call(&shop, "select get_data_availability($1)").await;
    assert_eq!(empty["summary"], json!({ "earliest_date": null, "latest_date": null, "total_events": 0 }));
    assert_eq!((empty["breakdown"].as_array().map(Vec::len), &empty["days"]), (Some(6), &json!([])));

    let events = |day: &str, table: &str, events: i64| json!({ "day": day, "table_name": table, "events": events });
    shop.put(
        "day_events",
        &json!({}),
        &[
            events("2026-01-05", "page_view", 7),
            events("2026-01-05", "purchase", 1),
            events("2026-01-06", "page_view", 2),
            events("2026-01-07", "page_view", 0),
        ],
    )
    .await;
    let day = json!({ "source": "export_files", "shard": "daily", "events": 8, "ingested_at": "now" });
    shop.put(
        "ingested_days",
        &day,
        &[json!({ "day": "2026-01-05", "final": true }), json!({ "day": "2026-01-07", "final": false })],
    )
    .await;
    let answer = call(&shop, "select get_data_availability($1)").await;
    assert_eq!(
        answer["summary"],
        json!({ "earliest_date": "2026-01-05", "latest_date": "2026-01-06", "total_events": 10 })
    );
    assert_eq!(
        answer["breakdown"][0],
        json!({ "table": "page_view", "earliest_date": "2026-01-05", "latest_date": "2026-01-06", "events": 9 })
    );
    assert_eq!(
        answer["days"],
        json!([
            { "date": "2026-01-05", "events": 8, "source": "export_files", "final": true },
            { "date": "2026-01-06", "events": 2, "source": null, "final": false },
            { "date": "2026-01-07", "events": 0, "source": "export_files", "final": false },
        ])
    );
}

#[tokio::test]
async fn jobs_are_listed_newest_first() {
    let shop = Shop::open().await;
    let base = json!({
        "origin": "folder", "source": "export_files", "mode": "replace", "data_types": ["events"], "cancel_requested": false,
        "attempts": 0, "progress": {"days_done": 1}, "records": {"page_view": 3}, "rejected": 2, "warnings": [],
    });
    let job = |n: u128, status: &str| json!({ "job_id": id(n), "status": status, "created_at": format!("2026-01-05T12:00:0{n}Z") });
    shop.put("ingestion_jobs", &base, &[job(1, "completed"), job(2, "failed"), job(3, "completed")]).await;
    for (sql, ids, total) in [
        ("select get_ingestion_jobs($1, null, 2, 0)", vec![3, 2], 3),
        ("select get_ingestion_jobs($1, null, 2, 2)", vec![1], 3),
        ("select get_ingestion_jobs($1, null, 2, 9)", vec![], 3),
        ("select get_ingestion_jobs($1, 'completed', 9, 0)", vec![3, 1], 2),
    ] {
        let answer = call(&shop, sql).await;
        let found: Vec<&Value> = answer["jobs"].as_array().unwrap().iter().map(|job| &job["job_id"]).collect();
        assert_eq!(
            (found, &answer["total"]),
            (ids.iter().map(|n| json!(id(*n))).collect::<Vec<_>>().iter().collect(), &json!(total)),
            "{sql}"
        );
    }
    let job = call(&shop, "select get_ingestion_job($1, '00000000-0000-0000-0000-000000000001')").await;
    assert_eq!(
        (&job["tenant_id"], &job["status"], &job["records_processed"], &job["rejected"], &job["progress"]),
        (&json!(shop.tenant), &json!("completed"), &json!({"page_view": 3}), &json!(2), &json!({"days_done": 1}))
    );
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    let none: Option<Value> = sqlx::query_scalar("select get_ingestion_job($1, $2)")
        .bind(shop.tenant)
        .bind(id(9))
        .fetch_one(tx.conn())
        .await
        .unwrap();
    assert_eq!(none, None);
}
