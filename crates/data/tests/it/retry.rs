//! Another try of a job, and ending one that nobody works on.

use common::db::TenantTx;
use data_service::ingest::spool::JobFolder;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::Answer;
use testkit::rows::{self, Event};

use crate::scene::Scene;

fn day(visitors: usize) -> Vec<u8> {
    let rows: Vec<Value> = (0..visitors)
        .map(|n| {
            Event::at("page_view", chrono_tz::UTC, "2026-03-02 10:00:00").visit(&format!("v{n}"), 1).page("/").build()
        })
        .collect();
    rows::ndjson(&rows)
}

async fn post(scene: &Scene, job: &Value, what: &str) -> Answer {
    let path = format!("/data/ingest/jobs/{}/{what}", job["job_id"].as_str().unwrap());
    Answer::of(scene.owner.request(Method::POST, &path)).await
}

async fn set(scene: &Scene, sql: &'static str) {
    let mut tx = TenantTx::begin(&scene.state.pool, scene.tenant).await.unwrap();
    sqlx::query(sql).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn a_cancelled_upload_is_tried_again_with_the_files_it_brought() {
    let scene = Scene::new().await;
    let queued = scene.upload("", day(3)).await.expect(202);
    assert_eq!(post(&scene, &queued, "cancel").await.expect(200)["status"], "cancelled");
    scene.start_worker();
    let again = post(&scene, &queued, "retry").await.expect(202);
    assert_eq!((&again["status"], &again["job_id"]), (&json!("queued"), &queued["job_id"]));
    let ended = scene.ended(&queued).await;
    assert_eq!((&ended["status"], &ended["records_processed"]["page_view"]), (&json!("completed"), &json!(3)));
    // What has gone well is not done again.
    let detail = post(&scene, &queued, "retry").await.problem(409)["detail"].to_string();
    assert!(detail.contains("completed"), "{detail}");
}

#[tokio::test]
async fn a_failed_upload_fails_again_for_the_same_reason_and_not_at_all_without_its_files() {
    let scene = Scene::new().await;
    scene.start_worker();
    let queued = scene.upload("", b"{\"event_name\": \"page_view\"}\n".to_vec()).await.expect(202);
    let first = scene.ended(&queued).await;
    assert_eq!(first["status"], "failed");
    post(&scene, &queued, "retry").await.expect(202);
    let second = scene.ended(&queued).await;
    assert_eq!((&second["status"], &second["error_message"]), (&json!("failed"), &first["error_message"]));
    assert_eq!(second["rejected"], 1);

    let id = queued["job_id"].as_str().unwrap().parse().unwrap();
    JobFolder::of(scene.root.path(), scene.tenant, id).remove().unwrap();
    let gone = post(&scene, &queued, "retry").await.problem(409)["detail"].to_string();
    assert!(gone.contains("files"), "{gone}");
    let missing = json!({"job_id": "00000000-0000-7000-8000-000000000001"});
    post(&scene, &missing, "retry").await.problem(404);
}

#[tokio::test]
async fn a_job_whose_worker_is_silent_or_that_waits_is_cancelled_at_once() {
    let scene = Scene::new().await;
    for state in [
        "update ingestion_jobs set status = 'processing', heartbeat_at = now() - interval '5 seconds'",
        "update ingestion_jobs set status = 'processing', heartbeat_at = now(), waits_until = now() + interval '1 hour'",
    ] {
        let queued = scene.upload("", day(1)).await.expect(202);
        set(&scene, state).await;
        let cancelled = post(&scene, &queued, "cancel").await.expect(200);
        assert_eq!(cancelled["status"], "cancelled", "{state}");
        assert!(cancelled["completed_at"].is_string());
        set(&scene, "delete from ingestion_jobs").await;
    }
    let queued = scene.upload("", day(1)).await.expect(202);
    set(&scene, "update ingestion_jobs set status = 'processing', heartbeat_at = now()").await;
    // A worker that gave a sign of life a moment ago is given the time to let go.
    assert_eq!(post(&scene, &queued, "cancel").await.expect(200)["status"], "processing");
}

#[tokio::test]
async fn a_day_in_hand_of_a_job_cancelled_behind_its_back_is_rolled_back() {
    let scene = Scene::new().await;
    let queued = scene.upload("", day(2)).await.expect(202);
    // The landing asks for its job's state before its commit: here it is cancelled while the rows are on their way.
    set(&scene, "update ingestion_jobs set status = 'cancelled', cancel_requested = true, completed_at = now()").await;
    let landing = data_service::load::Landing {
        tenant: scene.tenant,
        job: queued["job_id"].as_str().unwrap().parse().unwrap(),
        day: chrono::NaiveDate::from_ymd_opt(2026, 3, 2).unwrap(),
        day_file: {
            let path = scene.root.path().join("empty.copy");
            std::fs::write(&path, b"").unwrap();
            path
        },
        records: 0,
        source: "export_files".into(),
        shard: "daily",
        mode: "replace".into(),
        table: None,
        is_final: false,
        notes: serde_json::json!({}),
    };
    let stop = std::sync::atomic::AtomicBool::new(false);
    assert!(data_service::load::land_day(&scene.state.pool, &landing, &stop).await.is_err());
    let availability = scene.owner.get("/data/availability").await.expect(200);
    assert_eq!(availability["days"], json!([]));
}
