//! Rows that were not taken: listed, downloaded, taken up again after a fix.

use common::db::TenantTx;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::Answer;
use testkit::rows::{self, Event};

use crate::scene::Scene;

/// 400 page views of a day, of which `odd` carry a user property that is too long for an id.
fn day(odd: usize) -> Vec<u8> {
    let rows: Vec<Value> = (0..400)
        .map(|n| {
            let view =
                Event::at("page_view", chrono_tz::UTC, "2026-03-02 10:00:00").visit(&format!("v{n}"), 1).page("/");
            let user = if n < odd { "x".repeat(600) } else { format!("u{n}") };
            view.property("WebUserId", user.as_str()).build()
        })
        .collect();
    rows::ndjson(&rows)
}

async fn redrive(scene: &Scene, job: &Value) -> Answer {
    let request = scene.owner.request(Method::POST, "/data/ingest/rejected/redrive");
    Answer::of(request.json(&json!({"job_id": job["job_id"]}))).await
}

async fn user_property(scene: &Scene, name: &str) {
    let mut tx = TenantTx::begin(&scene.state.pool, scene.tenant).await.unwrap();
    sqlx::query("update tenants set user_property = $1").bind(name).execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn rejected_rows_are_listed_downloaded_and_taken_up_again_after_a_fix() {
    let scene = Scene::new().await;
    scene.start_worker();
    let queued = scene.upload("", day(3)).await.expect(202);
    let job = scene.ended(&queued).await;
    assert_eq!((&job["status"], &job["rejected"]), (&json!("completed_with_warnings"), &json!(3)));
    assert_eq!(job["records_processed"]["page_view"], 397);

    let list = scene.owner.get("/data/ingest/rejected?limit=2").await.expect(200);
    assert_eq!((&list["total"], &list["has_more"]), (&json!(3), &json!(true)));
    let first = &list["data"][0];
    assert_eq!((&first["line"], &first["file"], &first["rejected_no"]), (&json!(1), &json!("upload"), &json!(1)));
    assert!(first["reason"].as_str().unwrap().contains("500 bytes"), "{first}");
    assert!(first["raw"].as_str().unwrap().contains("\"user_pseudo_id\":\"v0\""), "{first}");
    let cursor = list["next_cursor"].as_str().unwrap();
    let rest = scene.owner.get(&format!("/data/ingest/rejected?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!((&rest["data"][0]["line"], &rest["has_more"]), (&json!(3), &json!(false)));
    let file = scene.owner.get("/data/ingest/rejected/download").await;
    assert_eq!((file.status, file.text().lines().count()), (200, 3));
    assert!(file.header("content-disposition").unwrap().contains("attachment"));

    // Nothing was mended: they are rejected again, by the new job, and nothing of the day is lost.
    let again = redrive(&scene, &queued).await.expect(202);
    assert_eq!((&again["rows"], &again["left_out"]), (&json!(3), &json!(0)));
    let still = scene.ended(&again["job"]).await;
    assert_eq!(
        (&still["status"], &still["rejected"], &still["origin"]),
        (&json!("completed_with_warnings"), &json!(3), &json!("redrive"))
    );
    assert_eq!(redrive(&scene, &queued).await.expect(202), json!({"job": null, "rows": 0, "left_out": 0}));

    user_property(&scene, "CustomerNo").await;
    let mended = redrive(&scene, &again["job"]).await.expect(202);
    let ended = scene.ended(&mended["job"]).await;
    assert_eq!((&ended["status"], &ended["rejected"]), (&json!("completed"), &json!(0)));
    let availability = scene.owner.get("/data/availability").await.expect(200);
    assert_eq!(availability["summary"]["total_events"], 400);
    assert_eq!(scene.owner.get("/data/ingest/rejected").await.expect(200)["total"], 0);
    let all = scene.owner.get("/data/ingest/rejected?include_redriven=true").await.expect(200);
    assert_eq!(all["total"], 6);
    assert_eq!(all["data"][0]["redriven_job_id"], mended["job"]["job_id"]);
}

#[tokio::test]
async fn a_cursor_of_another_list_and_a_running_job_are_refused() {
    let scene = Scene::new().await;
    assert_eq!(scene.owner.get("/data/ingest/rejected?cursor=nonsense").await.invalid_fields(), ["cursor"]);
    let queued = scene.upload("", day(0)).await.expect(202);
    redrive(&scene, &queued).await.problem(409);
    redrive(&scene, &json!({"job_id": "00000000-0000-7000-8000-000000000001"})).await.problem(404);
}
