//! A pull that nobody asked for: the running services find the source due, make its job, and land what Google has.

use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, TimeDelta, Timelike, Utc};
use common::db::TenantTx;
use serde_json::{Value, json};
use testkit::db::TestDb;

use crate::pull::{ASKED_A_VISIT, ago, id, today, visits};
use crate::pull_processes::{PullProcesses, PulledShop};
use crate::support::assert_same;

const VISITS: usize = 10;

async fn schedule(shop: &PulledShop) -> Value {
    shop.owner.get("/data/source").await.expect(200)["schedule"].clone()
}

/// The only job there is.
async fn first_job(shop: &PulledShop) -> Value {
    let since = Instant::now();
    loop {
        let jobs = shop.owner.get("/data/ingest/jobs").await.expect(200);
        if let Some(job) = jobs["jobs"].as_array().and_then(|jobs| jobs.first()) {
            return job.clone();
        }
        assert!(since.elapsed() < Duration::from_secs(60), "nobody starts a job: {jobs}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_source_that_is_due_is_pulled_once_by_whichever_service_runs() {
    let db = TestDb::new().await;
    let scene = PullProcesses::on(&db.settings, &db.app).await;
    let days: Vec<NaiveDate> = (1..=3).rev().map(ago).collect();
    for day in &days {
        scene.put_day(*day, visits(*day, VISITS));
    }
    let shop = scene.shop().await;
    // Twelve hours from now, so that its time does not come by itself.
    let cron = format!("30 {} * * *", (Utc::now().hour() + 12) % 24);
    shop.owner.put("/data/source", &json!({ "schedule": { "cron": cron } })).await.expect(200);
    let next = schedule(&shop).await["next_run_at"].clone();
    let _processes = [scene.spawn().ready().await, scene.spawn().ready().await];
    let mut tx = TenantTx::begin(&db.app, shop.tenant).await.unwrap();
    sqlx::query("update due_work set due_at = now() where kind = 'ingest'").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();

    let job = id(&first_job(&shop).await);
    shop.until(job, |seen| seen.has_ended).await;
    let job = shop.job(job).await;
    // Today has no table yet, which is how it should be.
    assert_eq!(job["status"], "completed_with_warnings", "{job}");
    assert_eq!(job["warnings"], json!([format!("{}: GA4 has no table of this day (yet)", today())]));
    assert_eq!((&job["is_scheduled"], &job["source"]), (&json!(true), &json!("bigquery")));
    assert_eq!((&job["start_date"], &job["end_date"]), (&json!(ago(3)), &json!(today())));
    assert_eq!(job["progress"]["rows_read"], 3 * VISITS * ASKED_A_VISIT);
    let after = schedule(&shop).await;
    assert_eq!((&after["last_job_id"], &after["next_run_at"]), (&job["job_id"], &next));
    let ran: DateTime<Utc> = after["last_run_at"].as_str().unwrap().parse().unwrap();
    assert!(Utc::now() - ran < TimeDelta::seconds(120), "{ran}");

    // What a person asks for is the same, and there is no other job beside it.
    let asked = scene.shop().await;
    asked.completed(asked.start(ago(3), ago(1)).await).await;
    assert_same(&asked.tables().await, &shop.tables().await);
    assert_eq!(shop.owner.get("/data/ingest/jobs").await.expect(200)["total"], 1);
}
