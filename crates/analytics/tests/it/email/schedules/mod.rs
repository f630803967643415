//! Schedules of reports: a tenant to set them in, and what their tests look at.

mod faults;
mod runs;
mod set;

use analytics_service::scheduling::run_due;
use chrono::{DateTime, NaiveDate, Utc};
use common::{
    db::TenantTx,
    ids::{JobId, TenantId},
    secrets::Sealer,
};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::support::{Shop, put};

const SCHEDULES: &str = "/analytics/email/schedules";
const RUNS: &str = "/analytics/email/schedules/runs";

/// A tenant in New York with two branches that somebody receives, and one that nobody does.
async fn open() -> Shop {
    let shop = Shop::open().await;
    let branches = ["D01", "D02", "D03"].map(|id| json!({ "location_id": id, "location_name": id, "is_active": true }));
    shop.put("locations", &json!({}), &branches).await;
    let mapping = |n: u128, branch: &str| {
        json!({ "mapping_id": crate::support::id(n), "branch_code": branch,
            "sales_rep_email": format!("rep-{n}@example.com"), "sales_rep_name": "Rita Rep" })
    };
    let base = json!({ "is_enabled": true, "delivery": "branch", "created_at": "now", "updated_at": "now" });
    shop.put("branch_email_mappings", &base, &[mapping(1, "D01"), mapping(2, "D02"), mapping(3, "gone")]).await;
    shop
}

async fn look(shop: &Shop, now: DateTime<Utc>) -> Vec<JobId> {
    let sealer = Sealer::from_settings(&shop.state.settings);
    run_due(&shop.db.app, &shop.state.settings, &sealer, now).await.unwrap()
}

async fn run(shop: &Shop, sql: &str) {
    run_in(shop, shop.tenant, sql).await;
}

async fn run_in(shop: &Shop, tenant: TenantId, sql: &str) {
    let mut tx = TenantTx::begin(&shop.db.app, tenant).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn create(shop: &Shop, body: Value) -> String {
    let view = shop.client.post(SCHEDULES, &body).await.expect(201);
    view["id"].as_str().unwrap().to_owned()
}

async fn get(shop: &Shop, id: &str) -> Value {
    shop.get(&format!("{SCHEDULES}/{id}")).await
}

/// Sets the schedule's next time, and looks for it from then on.
async fn set_next(shop: &Shop, id: &str, at: &str) -> DateTime<Utc> {
    run(shop, &format!("update report_schedules set next_run_at = '{at}' where schedule_id = '{id}'")).await;
    run(shop, &format!("update due_work set due_at = least(due_at, '{at}') where kind = 'reports'")).await;
    instant(at)
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

async fn due_rows(shop: &Shop) -> Vec<DateTime<Utc>> {
    sqlx::query_scalar("select due_at from due_work where kind = 'reports'").fetch_all(&shop.db.app).await.unwrap()
}

/// Due, day and status of the runs, the oldest first.
async fn runs(shop: &Shop) -> Vec<(DateTime<Utc>, String, String)> {
    let mut runs: Vec<_> = shop
        .lines(&format!("{RUNS}?limit=1000"))
        .await
        .iter()
        .map(|run| {
            let text = |field: &str| run[field].as_str().unwrap().to_owned();
            (instant(&text("due_at")), text("report_date"), text("status"))
        })
        .collect();
    runs.reverse();
    runs
}

async fn last_run(shop: &Shop, id: &str) -> Value {
    get(shop, id).await["last_run"].clone()
}

/// The day has events, and they are final.
async fn load(shop: &Shop, day: NaiveDate) {
    let events = json!({ "day": day, "table_name": "page_view", "events": 7 });
    put(&shop.db, shop.tenant, "day_events", &json!({}), &[events]).await;
    let day = json!({ "day": day, "source": "export_files", "shard": "daily", "final": true, "events": 7,
        "ingested_at": "now" });
    put(&shop.db, shop.tenant, "ingested_days", &json!({}), &[day]).await;
}

async fn job(shop: &Shop, job: &JobId) -> (NaiveDate, String, bool, Option<String>, Vec<String>) {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query_as(
        "select report_date, origin, allow_empty, note, target_branches from email_sending_jobs where job_id = $1",
    )
    .bind(job.0)
    .fetch_one(tx.conn())
    .await
    .unwrap()
}

async fn jobs(shop: &Shop) -> i64 {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query_scalar("select count(*) from email_sending_jobs").fetch_one(tx.conn()).await.unwrap()
}

async fn audited(shop: &Shop, action: &str) -> Vec<(String, Value)> {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query_as("select actor, details from audit_log where action = $1 order by entry_no")
        .bind(action)
        .fetch_all(tx.conn())
        .await
        .unwrap()
}
