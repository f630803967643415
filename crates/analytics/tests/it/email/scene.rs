//! A shop with branches and people who want their reports.

use std::time::{Duration, Instant};

use analytics_service::{MailState, Mailer};
use common::{config::Settings, db::TenantTx, ids::TenantId};
use serde_json::{Value, json};
use testkit::{oracle::TenantSettings, smtp::Sink};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{Shop, put};

/// A day with data.
pub const DAY: &str = "2026-01-05";
const PATIENCE: Duration = Duration::from_secs(60);

/// Locations D01 to D03 and data on [`DAY`].
pub async fn shop() -> Shop {
    shop_as(|_| {}).await
}

/// The same with settings of the service changed.
pub async fn shop_as(change: impl FnOnce(&mut Settings)) -> Shop {
    let shop = Shop::open_as(&TenantSettings::default(), change).await;
    furnish(&shop, shop.tenant).await;
    shop
}

/// The operator's server is this one, and nothing slows it down.
pub fn through(settings: &mut Settings, sink: &Sink) {
    settings.smtp.server = Some(String::from("127.0.0.1"));
    settings.smtp.port = sink.port();
    settings.smtp.from_email = Some(String::from("Reports <reports@shop.example>"));
    settings.smtp.use_tls = false;
    settings.mail.per_second = 0;
    settings.mail.per_domain_per_second = 0;
}

/// Branches and data for a tenant.
pub async fn furnish(shop: &Shop, tenant: TenantId) {
    let branch = |code: &str, name: &str| json!({ "location_id": code, "location_name": name });
    let branches = [branch("D01", "Springfield"), branch("D02", "Shelbyville"), branch("D03", "Ogdenville")];
    put(&shop.db, tenant, "locations", &json!({}), &branches).await;
    let day = json!({ "day": DAY, "table_name": "page_view", "events": 7 });
    put(&shop.db, tenant, "day_events", &json!({}), &[day]).await;
}

/// Enabled mappings: `(branch, address)`.
pub async fn map(shop: &Shop, mappings: &[(&str, &str)]) {
    let rows: Vec<Value> =
        mappings.iter().map(|(code, email)| json!({ "branch_code": code, "sales_rep_email": email })).collect();
    put_mappings(shop, &rows).await;
}

/// Mappings with whatever fields.
pub async fn put_mappings(shop: &Shop, rows: &[Value]) {
    let rows: Vec<Value> = rows
        .iter()
        .map(|row| {
            let mut row = row.clone();
            row["mapping_id"] = json!(uuid::Uuid::new_v4());
            row
        })
        .collect();
    shop.put("branch_email_mappings", &json!({}), &rows).await;
}

/// A statement in the tenant's own transaction.
pub async fn change(shop: &Shop, sql: &'static str) {
    let mut tx = TenantTx::begin(&shop.db.app, shop.tenant).await.unwrap();
    sqlx::query(sql).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

/// Sends; answers the job.
pub async fn send(shop: &Shop, body: &Value) -> Value {
    shop.client.post("/analytics/email/send-reports", body).await.expect(202)
}

/// All mails as history tells them, each as `who:branches:generation:status`, sorted.
pub async fn told(shop: &Shop) -> Vec<String> {
    let mut told: Vec<String> = shop
        .lines("/analytics/email/history?limit=1000")
        .await
        .iter()
        .map(|mail| {
            let codes: Vec<&str> = mail["branch_codes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let text = |field: &str| mail[field].as_str().unwrap().to_owned();
            format!("{}:{}:{}:{}", text("sales_rep_email"), codes.join("+"), mail["generation"], text("status"))
        })
        .collect();
    told.sort();
    told
}

/// The mails' worker in this process; ends with the value. Its test needs a second thread: the database is dropped in the first
/// one, and PostgreSQL waits a minute for a connection that is being opened by tasks which stand still meanwhile.
pub struct Working {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Working {
    pub fn start(shop: &Shop) -> Self {
        let stop = CancellationToken::new();
        let mail = MailState::new(shop.state.clone()).unwrap();
        let task = tokio::spawn(Mailer::new(&mail).keep_delivering(stop.clone()));
        Self { stop, task }
    }

    /// As a process that is told to stop, to its end.
    pub async fn end(mut self) {
        self.stop.cancel();
        (&mut self.task).await.unwrap();
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// The job once it is as wanted.
pub async fn until(shop: &Shop, job: &Value, wanted: impl Fn(&Value) -> bool) -> Value {
    let path = format!("/analytics/email/jobs/{}", job["job_id"].as_str().unwrap());
    let started = Instant::now();
    loop {
        let job = shop.get(&path).await;
        if wanted(&job) {
            return job;
        }
        assert!(started.elapsed() < PATIENCE, "the job stays {job:#}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The job once it has ended.
pub async fn until_ended(shop: &Shop, job: &Value) -> Value {
    until(shop, job, |job| job["completed_at"].is_string()).await
}
