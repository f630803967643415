//! The schedule: what is due becomes one job, at the right time by the tenant's clocks, whoever looks and whatever dies.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Timelike, Utc};
use chrono_tz::America::New_York;
use chrono_tz::Asia::Kolkata;
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use data_service::source::scheduling::{align_all, keep_scheduling, run_due};
use serde_json::{Value, json};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::source_scene::{SourceScene, bigquery};

/// Half past the hour that New York has in `hours`: never about to come while a test runs.
fn daily(hours: u32) -> (String, u32) {
    let hour = (Utc::now().with_timezone(&New_York).hour() + hours) % 24;
    (format!("30 {hour} * * *"), hour)
}

impl SourceScene {
    /// Runs once a day, twelve hours from now.
    async fn scheduled(more: Value) -> (Self, DateTime<Utc>) {
        let scene = Self::new().await;
        let mut schedule = json!({"cron": daily(12).0});
        schedule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        scene.put(json!({"schedule": schedule})).await.expect(200);
        let next = scene.next_run().await;
        (scene, next)
    }

    async fn job(&self, job: JobId) -> Value {
        self.owner.get(&format!("/data/ingest/jobs/{job}")).await.expect(200)
    }

    async fn jobs(&self) -> i64 {
        self.owner.get("/data/ingest/jobs").await.expect(200)["total"].as_i64().unwrap()
    }

    async fn end(&self, job: JobId) {
        self.owner.post(&format!("/data/ingest/jobs/{job}/cancel"), &json!({})).await.expect(200);
    }
}

async fn run(pool: &PgPool, now: DateTime<Utc>) -> Vec<JobId> {
    run_due(pool, now).await.unwrap()
}

async fn due_rows(pool: &PgPool) -> Vec<DateTime<Utc>> {
    sqlx::query_scalar("select due_at from due_work where kind = 'ingest'").fetch_all(pool).await.unwrap()
}

/// What the job's row says beyond the API.
async fn job_row(pool: &PgPool, tenant: TenantId, job: JobId) -> (String, String, bool, Vec<String>) {
    let mut tx = TenantTx::begin(pool, tenant).await.unwrap();
    sqlx::query_as("select origin, source, is_scheduled, data_types from ingestion_jobs where job_id = $1")
        .bind(job)
        .fetch_one(tx.conn())
        .await
        .unwrap()
}

fn days(job: &Value) -> (NaiveDate, NaiveDate) {
    let day = |name: &str| job[name].as_str().unwrap().parse().unwrap();
    (day("start_date"), day("end_date"))
}

#[tokio::test]
async fn a_due_source_becomes_one_job_however_many_look() {
    // Late in the evening, when it is tomorrow already in UTC.
    let (scene, next) = SourceScene::scheduled(json!({"cron": "30 23 * * *", "refresh_days": 2})).await;
    let local = next.with_timezone(&New_York);
    assert_eq!((local.hour(), local.minute(), local.second()), (23, 30, 0));
    assert!(next > Utc::now() && next < Utc::now() + TimeDelta::hours(25));
    assert!(run(scene.pool(), next - TimeDelta::milliseconds(1)).await.is_empty());

    let looks = (0..6).map(|_| run(scene.pool(), next));
    let jobs = futures::future::join_all(looks).await.concat();
    assert_eq!(jobs.len(), 1);
    let job = scene.job(jobs[0]).await;
    let today = local.date_naive();
    assert_eq!(days(&job), (today - Days::new(2), today), "the days are the tenant's");
    assert_eq!(
        job_row(scene.pool(), scene.tenant, jobs[0]).await,
        ("folder".into(), "export_files".into(), true, ["events", "users", "locations"].map(String::from).to_vec())
    );
    let schedule = &scene.get().await["schedule"];
    assert_eq!(schedule["last_job_id"], jobs[0].to_string());
    assert_eq!(schedule["last_run_at"].as_str().unwrap().parse::<DateTime<Utc>>().unwrap(), next);
    let after = scene.next_run().await.with_timezone(&New_York);
    assert_eq!((after.date_naive(), after.hour(), after.minute()), (today + Days::new(1), 23, 30));
    // The queue has it too.
    let queued: i64 = sqlx::query_scalar("select count(*) from jobs.jobs").fetch_one(&scene.db.owner).await.unwrap();
    assert_eq!(queued, 1);
}

#[tokio::test]
async fn a_week_without_a_process_is_one_run() {
    let (scene, next) = SourceScene::scheduled(json!({})).await;
    let now = next + TimeDelta::days(7) + TimeDelta::hours(3);
    let jobs = run(scene.pool(), now).await;
    assert_eq!(jobs.len(), 1);
    let today = now.with_timezone(&New_York).date_naive();
    assert_eq!(days(&scene.job(jobs[0]).await), (today - Days::new(3), today));
    scene.end(jobs[0]).await;
    assert!(run(scene.pool(), now).await.is_empty());
    let after = scene.next_run().await.with_timezone(&New_York);
    assert!(after > now && after < now + TimeDelta::hours(25), "{after}");
    assert_eq!((after.hour(), after.minute()), (next.with_timezone(&New_York).hour(), 30));
}

#[tokio::test]
async fn a_run_waits_for_another_over_the_same_days() {
    let (scene, next) = SourceScene::scheduled(json!({})).await;
    let today = next.with_timezone(&New_York).date_naive();
    let body =
        json!({"start_date": (today - Days::new(9)).to_string(), "end_date": (today - Days::new(3)).to_string()});
    let asked = scene.owner.post("/data/ingest/start", &body).await.expect(202);
    let asked: JobId = asked["job_id"].as_str().unwrap().parse().unwrap();
    assert!(run(scene.pool(), next).await.is_empty());
    assert_eq!(due_rows(scene.pool()).await, [next + TimeDelta::seconds(60)]);
    scene.end(asked).await;
    assert!(run(scene.pool(), next + TimeDelta::seconds(59)).await.is_empty());
    let jobs = run(scene.pool(), next + TimeDelta::seconds(60)).await;
    assert_eq!(jobs.len(), 1);

    // The other way round: who asks for a day of the scheduled run is told of it.
    let conflict = scene.owner.post("/data/ingest/start", &body).await.problem(409);
    assert!(conflict["detail"].as_str().unwrap().contains(&jobs[0].to_string()), "{conflict}");
    // Other days are nobody's business.
    let before = json!({"start_date": "2026-01-01", "end_date": "2026-01-02"});
    scene.owner.post("/data/ingest/start", &before).await.expect(202);
}

#[tokio::test]
async fn one_run_of_the_schedule_at_a_time_whatever_its_days() {
    let (scene, next) = SourceScene::scheduled(json!({"refresh_days": 0})).await;
    let first = run(scene.pool(), next).await;
    let tomorrow = scene.next_run().await;
    assert!(run(scene.pool(), tomorrow).await.is_empty(), "yesterday's run has not ended");
    scene.end(first[0]).await;
    let second = run(scene.pool(), tomorrow + TimeDelta::minutes(5)).await;
    assert_eq!(second.len(), 1);
    let day = tomorrow.with_timezone(&New_York).date_naive();
    assert_eq!(days(&scene.job(second[0]).await), (day, day));
}

#[tokio::test]
async fn a_pull_fetches_lists_that_have_a_place() {
    let scene = SourceScene::new().await;
    let mut body = bigquery("my-shop-123", "analytics_1");
    body["users"] = json!({"kind": "bigquery", "project": "my-shop-123", "dataset": "crm", "table": "customers"});
    body["schedule"] = json!({"cron": daily(12).0});
    scene.put(body).await.expect(200);
    let jobs = run(scene.pool(), scene.next_run().await).await;
    assert_eq!(
        job_row(scene.pool(), scene.tenant, jobs[0]).await,
        ("pull".into(), "bigquery".into(), true, ["events", "users"].map(String::from).to_vec())
    );
    scene.end(jobs[0]).await;
    let body = json!({"start_date": "2026-01-01", "end_date": "2026-01-02"});
    let asked = scene.owner.post("/data/ingest/start", &body).await.expect(202);
    let asked: JobId = asked["job_id"].as_str().unwrap().parse().unwrap();
    let (origin, source, is_scheduled, _) = job_row(scene.pool(), scene.tenant, asked).await;
    assert_eq!((origin.as_str(), source.as_str(), is_scheduled), ("pull", "bigquery", false));
}

#[tokio::test]
async fn a_changed_schedule_moves_what_is_due() {
    let (scene, before) = SourceScene::scheduled(json!({})).await;
    let (cron, hour) = daily(18);
    scene.put(json!({"schedule": {"cron": cron}})).await.expect(200);
    let after = scene.next_run().await;
    assert_eq!(after.with_timezone(&New_York).hour(), hour);
    assert!(run(scene.pool(), before).await.is_empty());

    let off = scene.put(json!({"schedule": {"cron": cron, "enabled": false}})).await.expect(200);
    assert_eq!((&off["schedule"]["cron"], &off["schedule"]["next_run_at"]), (&json!(cron), &Value::Null));
    assert!(run(scene.pool(), after + TimeDelta::days(3)).await.is_empty());
    assert!(due_rows(scene.pool()).await.is_empty());

    scene.put(json!({"schedule": {"cron": cron}})).await.expect(200);
    assert_eq!(scene.next_run().await, after);
    let none = scene.put(json!({"schedule": null})).await.expect(200);
    assert_eq!(
        none["schedule"],
        json!({"cron": null, "enabled": false, "refresh_days": 3, "next_run_at": null, "last_run_at": null,
            "last_job_id": null})
    );
    assert!(due_rows(scene.pool()).await.is_empty());
}

#[tokio::test]
async fn another_change_leaves_what_is_due_and_another_zone_moves_what_is_not() {
    let (scene, next) = SourceScene::scheduled(json!({})).await;
    // Overdue since an hour: a change of something else must not make the run be missed.
    scene.run("update due_work set due_at = now() - interval '1 hour'").await;
    let overdue = due_rows(scene.pool()).await;
    scene.put(bigquery("my-shop-123", "analytics_1")).await.expect(200);
    let (cron, hour) = daily(12);
    scene.put(json!({"schedule": {"cron": cron, "refresh_days": 5}})).await.expect(200);
    align_all(scene.pool(), Utc::now()).await.unwrap();
    assert_eq!(due_rows(scene.pool()).await, overdue);
    let jobs = run(scene.pool(), Utc::now()).await;
    assert_eq!(jobs.len(), 1);
    assert_eq!(scene.next_run().await, next);

    scene.run("update tenants set time_zone = 'Asia/Kolkata'").await;
    align_all(scene.pool(), Utc::now()).await.unwrap();
    let local = scene.next_run().await.with_timezone(&Kolkata);
    assert_eq!((local.hour(), local.minute()), (hour, 30));
    scene.run("update tenants set time_zone = 'America/New_York'").await;
    scene.put(json!({})).await.expect(200);
    assert_eq!(scene.next_run().await, next);
}

#[tokio::test]
async fn a_deactivated_tenant_is_passed_over() {
    let (scene, next) = SourceScene::scheduled(json!({})).await;
    scene.run("update tenants set is_active = false").await;
    assert!(run(scene.pool(), next).await.is_empty());
    scene.run("update tenants set is_active = true").await;
    assert_eq!(scene.jobs().await, 0);
    // It goes on with the next time, as if nothing had been.
    let after = scene.next_run().await;
    assert!(after > next + TimeDelta::hours(22));
    assert_eq!(run(scene.pool(), after).await.len(), 1);
}

#[tokio::test]
async fn a_process_that_dies_half_way_loses_nothing_and_doubles_nothing() {
    let (scene, next) = SourceScene::scheduled(json!({})).await;
    // It has the row, and then the connection breaks: nothing is committed.
    let mut dying = TenantTx::begin(scene.pool(), scene.tenant).await.unwrap();
    for sql in [
        "select from sources for update",
        "select from due_work where kind = 'ingest' for update",
        "update due_work set due_at = now() + interval '1 year'",
    ] {
        sqlx::query(sql).execute(dying.conn()).await.unwrap();
    }
    assert!(run(scene.pool(), next).await.is_empty(), "another process is at it");
    drop(dying);
    assert_eq!(run(scene.pool(), next).await.len(), 1);
    assert!(run(scene.pool(), next).await.is_empty());
    assert_eq!(scene.jobs().await, 1);
}

#[tokio::test]
async fn one_tenants_fault_holds_up_no_other() {
    let (scene, next) = SourceScene::scheduled(json!({})).await;
    let (_, other) = scene.other().await;
    other.put("/data/source", &json!({"schedule": {"cron": daily(12).0}})).await.expect(200);
    // As a later build might have left it.
    scene.run("update sources set cron = '@sometimes'").await;
    let jobs = run(scene.pool(), next).await;
    assert_eq!(jobs.len(), 1);
    other.get(&format!("/data/ingest/jobs/{}", jobs[0])).await.expect(200);
    assert!(due_rows(scene.pool()).await.contains(&(next + TimeDelta::seconds(60))), "it is not tried all the time");
}

#[tokio::test]
async fn processes_side_by_side_find_what_is_due_by_themselves() {
    let (scene, next) = SourceScene::scheduled(json!({})).await;
    scene.run("update due_work set due_at = now() - interval '1 second'").await;
    let stop = CancellationToken::new();
    let loops = [(), ()].map(|()| tokio::spawn(keep_scheduling(scene.pool().clone(), stop.clone())));
    for _ in 0..100 {
        if scene.jobs().await > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    stop.cancel();
    for running in loops {
        running.await.unwrap();
    }
    assert_eq!(scene.jobs().await, 1);
    assert_eq!(scene.next_run().await, next);
}
