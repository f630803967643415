//! analytics-service, and PostgreSQL under it, killed with -9 at random moments of sends: no mail arrives twice, and none is
//! missing but those that history calls unknown.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use common::{
    config::{DatabaseSettings, Settings},
    db::{TenantTx, connect_app},
    ids::TenantId,
};
use rand::Rng;
use serde_json::{Value, json};
use testkit::{
    crash_server::CrashServer,
    db::TestDb,
    process::{PATIENCE, Process, environment, free_port, tenant},
    smtp::{Options, Sink},
};

const MAILS: usize = 300;
const CONNECTIONS: usize = 4;
/// How often it is killed, unless KILLS says otherwise; 100 take some six minutes.
const USUAL_KILLS: usize = 20;

struct Scene {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
    port: u16,
    tenant: TenantId,
    token: String,
}

/// The service, called by the tenant's owner.
struct Service<'a> {
    process: Process,
    scene: &'a Scene,
}

impl Scene {
    async fn new(db: &DatabaseSettings, sink: &Sink) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port();
        let mut environment = environment(db, &folder.path().join("root"));
        for (name, value) in [
            ("ANALYTICS_SERVICE_PORT", port.to_string()),
            ("WORKER_DEAD_AFTER_SECONDS", "1".into()),
            ("DEFAULT_SMTP_SERVER", "127.0.0.1".into()),
            ("DEFAULT_SMTP_PORT", sink.port().to_string()),
            ("DEFAULT_FROM_EMAIL", "reports@shop.example".into()),
            ("DEFAULT_USE_TLS", "false".into()),
            ("MAIL_CONNECTIONS", CONNECTIONS.to_string()),
            // A send takes long enough for several kills.
            ("MAIL_PER_SECOND", "150".into()),
            ("MAIL_PER_DOMAIN_PER_SECOND", "0".into()),
        ] {
            environment.insert(name.into(), value);
        }
        let settings = Settings::from_vars(&environment).unwrap();
        let pool = connect_app(db, "test").await.unwrap();
        let (tenant, token) = tenant(&pool, &settings).await;
        let mut tx = TenantTx::begin(&pool, tenant).await.unwrap();
        sqlx::query(
            "insert into branch_email_mappings (tenant_id, mapping_id, branch_code, sales_rep_email)
             select $1, gen_random_uuid(), 'D01', 'p' || n || '@x.example' from generate_series(1, $2) n",
        )
        .bind(tenant)
        .bind(i32::try_from(MAILS).unwrap())
        .execute(tx.conn())
        .await
        .unwrap();
        tx.commit().await.unwrap();
        pool.close().await;
        Self { folder, environment, port, tenant, token }
    }

    async fn start(&self) -> Service<'_> {
        let program = env!("CARGO_BIN_EXE_analytics-service");
        let process = Process::spawn(program, &self.environment, self.folder.path(), self.port).ready().await;
        Service { process, scene: self }
    }
}

impl Service<'_> {
    /// The answer; none while the service has no database to answer from.
    async fn try_get(&self, path: &str) -> Option<Value> {
        let request = self.process.request(reqwest::Method::GET, path).bearer_auth(&self.scene.token);
        let answer = request.header("X-Tenant-Id", self.scene.tenant.to_string()).send().await.unwrap();
        if answer.status() == reqwest::StatusCode::SERVICE_UNAVAILABLE {
            return None;
        }
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.ok()
    }

    async fn call(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let request = self.process.request(method, path).bearer_auth(&self.scene.token);
        let request = request.header("X-Tenant-Id", self.scene.tenant.to_string());
        let request = if let Some(body) = &body { request.json(body) } else { request };
        let answer = request.send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {text}");
        serde_json::from_str(&text).unwrap()
    }

    async fn get(&self, path: &str) -> Value {
        self.call(reqwest::Method::GET, path, None).await
    }

    /// Whether the job ends within `patience`.
    async fn ends(&self, job: &str, patience: Duration) -> bool {
        let started = Instant::now();
        loop {
            let job = self.try_get(&format!("/analytics/email/jobs/{job}")).await;
            if job.is_some_and(|job| job["completed_at"].is_string()) {
                return true;
            }
            if started.elapsed() > patience {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_sends_killed_again_and_again_double_nothing_and_lose_nothing() {
    let kills: usize = std::env::var("KILLS").map_or(USUAL_KILLS, |kills| kills.parse().expect("KILLS is a number"));
    let sink = Sink::open(Options { keeps_content: false, ..Options::default() }).await;
    let db = TestDb::new().await;
    let scene = Scene::new(&db.settings, &sink).await;
    let mut service = scene.start().await;
    let mut day = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let (mut done, mut sends, mut unknown_in_all, mut in_the_middle) = (0, 0, 0, 0);
    while done < kills {
        let already = sink.count();
        let body = json!({ "report_date": day, "allow_empty": true });
        let job = service.call(reqwest::Method::POST, "/analytics/email/send-reports", Some(body)).await;
        assert_eq!(job["total_emails"], MAILS);
        let job = job["job_id"].as_str().unwrap().to_owned();
        let mut kills_here = 0;
        loop {
            let pause = Duration::from_millis(rand::rng().next_u64() % 2_500);
            let patience = if done < kills { pause } else { PATIENCE };
            if service.ends(&job, patience).await {
                break;
            }
            assert!(done < kills, "the send does not end");
            let before = sink.count();
            service.process.kill();
            done += 1;
            kills_here += 1;
            in_the_middle += usize::from((already + 1..already + MAILS).contains(&before));
            service = scene.start().await;
        }
        let history = service.get(&format!("/analytics/email/history?job_id={job}&limit=1000")).await;
        let mails = history["data"].as_array().unwrap();
        let ids = |status: &str| -> BTreeSet<String> {
            let of_status = mails.iter().filter(|mail| mail["status"] == status);
            of_status.map(|mail| mail["message_id"].as_str().unwrap().to_owned()).collect()
        };
        let (sent, unknown) = (ids("sent"), ids("unknown"));
        let received = sink.mails();
        let arrived: BTreeSet<String> = received[already..].iter().map(|mail| mail.message_id.clone()).collect();
        assert_eq!(arrived.len(), received.len() - already, "a mail arrived twice");
        assert_eq!(mails.len(), MAILS);
        assert_eq!(sent.len() + unknown.len(), MAILS, "every mail is sent or unknown: {history}");
        assert!(sent.is_subset(&arrived), "history calls mails sent that did not arrive");
        let more: Vec<&String> = arrived.difference(&sent).collect();
        assert!(more.iter().all(|id| unknown.contains(*id)), "mails arrived that history knows nothing of");
        assert!(unknown.len() <= kills_here * CONNECTIONS, "{} unknown after {kills_here} kills", unknown.len());
        unknown_in_all += unknown.len();
        sends += 1;
        day = day.succ_opt().unwrap();
    }
    println!(
        "{done} kills ({in_the_middle} with some mails sent and others not) in {sends} sends of {MAILS}: {unknown_in_all} unknown"
    );
    assert!(in_the_middle * 3 > done, "too few kills met a send in its middle: {in_the_middle} of {done}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_crashes_of_postgresql_in_a_send_double_nothing_and_lose_nothing() {
    const CRASHES: usize = 4;
    let sink = Sink::open(Options { keeps_content: false, ..Options::default() }).await;
    let server = CrashServer::start();
    server.sweep().await;
    let db = server.database(&format!("crash_{}", uuid::Uuid::new_v4().simple())).await;
    let scene = Scene::new(&db, &sink).await;
    let service = scene.start().await;
    let body = json!({ "report_date": "2026-01-01", "allow_empty": true });
    let job = service.call(reqwest::Method::POST, "/analytics/email/send-reports", Some(body)).await;
    let job = job["job_id"].as_str().unwrap();
    for crash in 1..=CRASHES {
        let started = Instant::now();
        // Each meets the send further on.
        while sink.count() < MAILS * crash / (CRASHES + 1) {
            assert!(started.elapsed() < PATIENCE, "the send stands still at {} mails", sink.count());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        server.kill();
    }
    assert!(service.ends(job, PATIENCE).await, "the send does not end");
    let history = service.get(&format!("/analytics/email/history?job_id={job}&limit=1000")).await;
    let mails = history["data"].as_array().unwrap();
    let sent: BTreeSet<&str> =
        mails.iter().filter(|mail| mail["status"] == "sent").map(|mail| mail["message_id"].as_str().unwrap()).collect();
    let received = sink.mails();
    let arrived: BTreeSet<&str> = received.iter().map(|mail| mail.message_id.as_str()).collect();
    assert_eq!(arrived.len(), received.len(), "a mail arrived twice");
    // The process lived and knows each outcome: an outage of the database makes no mail unknown.
    assert_eq!(sent.len(), MAILS, "{history}");
    assert_eq!(arrived, sent);
}
