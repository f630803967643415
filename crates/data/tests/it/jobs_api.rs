//! The ingestion API as its callers use it: asking, waiting, cancelling, and every way to ask wrongly.

use common::auth::Role;
use common::ids::JobId;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::{Answer, Client};
use testkit::oracle::TenantSettings;
use testkit::rows::{self, Event};

use crate::scene::Scene;

/// So many page views of a day, each by another visitor.
pub fn views(day: &str, visitors: usize) -> Vec<u8> {
    let rows: Vec<Value> = (0..visitors)
        .map(|n| {
            Event::at("page_view", chrono_tz::UTC, &format!("{day} 10:00:00"))
                .visit(&format!("v{n}"), 1)
                .page("/")
                .build()
        })
        .collect();
    rows::ndjson(&rows)
}

#[tokio::test]
async fn an_upload_lands_and_shows_in_jobs_and_availability() {
    let scene = Scene::new().await;
    scene.start_worker();
    let queued = scene.upload("", views("2026-03-02", 3)).await.expect(202);
    assert_eq!((&queued["status"], &queued["data_types"]), (&json!("queued"), &json!(["events"])));
    let job = scene.ended(&queued).await;
    assert_eq!(job["status"], "completed");
    assert_eq!(job["records_processed"]["page_view"], 3);
    assert_eq!((&job["progress"]["days_done"], &job["progress"]["days_total"]), (&json!(1), &json!(1)));
    assert_eq!(job["tenant_id"], scene.tenant.to_string());

    let replaced = scene.ended(&scene.upload("?mode=replace", views("2026-03-02", 2)).await.expect(202)).await;
    assert_eq!(replaced["status"], "completed");
    let added = scene.ended(&scene.upload("?mode=append", views("2026-03-02", 5)).await.expect(202)).await;
    assert_eq!(added["mode"], "append");
    let availability = scene.owner.get("/data/availability").await.expect(200);
    assert_eq!(
        availability["summary"],
        json!({"earliest_date": "2026-03-02", "latest_date": "2026-03-02", "total_events": 5})
    );
    assert_eq!(
        availability["days"],
        json!([{"date": "2026-03-02", "events": 5, "source": "export_files", "final": false}])
    );
    assert_eq!(availability["breakdown"].as_array().unwrap().len(), 6);

    let jobs = scene.owner.get("/data/ingest/jobs?limit=2").await.expect(200);
    assert_eq!((&jobs["total"], &jobs["limit"], &jobs["offset"]), (&json!(3), &json!(2), &json!(0)));
    assert_eq!(jobs["jobs"][0]["job_id"], added["job_id"]);
    let past = scene.owner.get("/data/ingest/jobs?offset=9&status=completed").await.expect(200);
    assert_eq!((&past["jobs"], &past["total"]), (&json!([]), &json!(3)));
    // Nothing of a job stays on the disk.
    let left = scene.root.path().join(".jobs").join(scene.tenant.to_string());
    assert_eq!(std::fs::read_dir(left).unwrap().count(), 0);
}

#[tokio::test]
async fn uploads_that_are_wrong_are_told_so() {
    let scene = Scene::new().await;
    assert_eq!(scene.upload("", Vec::new()).await.invalid_fields(), ["body"]);
    assert_eq!(scene.upload("?mode=merge", views("2026-03-02", 1)).await.invalid_fields(), ["mode"]);
    let mut tx = common::db::TenantTx::begin(&scene.state.pool, scene.tenant).await.unwrap();
    sqlx::query("update tenants set upload_quota_bytes = 100").execute(tx.conn()).await.unwrap();
    tx.commit().await.unwrap();
    scene.upload("", views("2026-03-02", 10)).await.problem(413);
    assert_eq!(scene.owner.get("/data/ingest/jobs").await.expect(200)["total"], 0);
    let left = scene.root.path().join(".jobs").join(scene.tenant.to_string());
    assert_eq!(std::fs::read_dir(left).unwrap().count(), 0, "a refused body must not stay");
}

#[tokio::test]
async fn the_folder_is_taken_in_for_a_range_and_no_link_is_followed() {
    let scene = Scene::new().await;
    let folder = scene.folder();
    std::fs::write(folder.join("events_20260302.json"), views("2026-03-02", 2)).unwrap();
    std::fs::write(folder.join("events_20260303.json"), views("2026-03-03", 2)).unwrap();
    std::fs::write(folder.join("events_20260305.json"), views("2026-03-05", 2)).unwrap();
    std::fs::write(folder.join("shops.csv"), "location_id,location_name\nD01,Downtown\n").unwrap();
    let secret = scene.root.path().join("secret.json");
    std::fs::write(&secret, views("2026-03-04", 9)).unwrap();
    std::os::unix::fs::symlink(&secret, folder.join("events_20260304.json")).unwrap();
    scene.start_worker();
    let body = json!({"start_date": "2026-03-03", "end_date": "2026-03-04"});
    let queued = scene.owner.post("/data/ingest/start", &body).await.expect(202);
    assert_eq!(queued["data_types"], json!(["events", "users", "locations"]));
    let job = scene.ended(&queued).await;
    assert_eq!(job["status"], "completed_with_warnings", "{job}");
    assert_eq!(job["warnings"], json!(["2026-03-04 has no rows in the folder"]));
    assert_eq!(
        (&job["records_processed"]["page_view"], &job["records_processed"]["locations_processed"]),
        (&json!(2), &json!(1))
    );

    let nothing = json!({"start_date": "2027-01-01", "end_date": "2027-01-01", "data_types": ["events"]});
    std::fs::remove_file(folder.join("shops.csv")).unwrap();
    let job = scene.ended(&scene.owner.post("/data/ingest/start", &nothing).await.expect(202)).await;
    assert_eq!(job["status"], "failed");
    assert_eq!(job["error_message"], "there is no export file for these days in the tenant's folder");
}

#[tokio::test]
async fn a_start_is_checked_whole_and_an_overlap_is_a_conflict() {
    let scene = Scene::new().await;
    let start = |body: Value| {
        let owner = scene.owner.clone();
        async move { owner.post("/data/ingest/start", &body).await }
    };
    let wrong =
        start(json!({"start_date": "2026-03-05", "end_date": "2026-03-01", "data_types": ["events", "orders", ""]}))
            .await;
    assert_eq!(wrong.invalid_fields(), ["data_types[1]", "data_types[2]", "end_date"]);
    assert_eq!(start(json!({"start_date": "2026-02-30"})).await.invalid_fields(), ["end_date"]);
    let odd = json!({"start_date": "-2026-11-05", "end_date": "+12026-11-05", "data_types": ["x"]});
    assert_eq!(start(odd).await.invalid_fields(), ["data_types[0]", "end_date", "start_date"]);
    assert_eq!(
        start(json!({"start_date": "2025-01-01", "end_date": "2026-02-05"})).await.invalid_fields(),
        ["end_date"]
    );
    start(json!({"start_date": "2025-01-01", "end_date": "2026-02-04"})).await.expect(202);

    let first = start(json!({"start_date": "2026-03-01", "end_date": "2026-03-05"})).await.expect(202);
    let second = start(json!({"start_date": "2026-03-05", "end_date": "2026-03-09"})).await.problem(409);
    assert!(second["detail"].as_str().unwrap().contains(first["job_id"].as_str().unwrap()), "{second}");
    start(json!({"start_date": "2026-03-06", "end_date": "2026-03-09"})).await.expect(202);
}

#[tokio::test]
async fn an_idempotency_key_makes_one_job() {
    let scene = Scene::new().await;
    let send = |key: &'static str| {
        let request = scene.owner.request(Method::POST, "/data/ingest/start").header("Idempotency-Key", key);
        Answer::of(request.json(&json!({"start_date": "2026-03-01", "end_date": "2026-03-01"})))
    };
    let (one, other) = (send("k1").await.expect(202), send("k1").await.expect(202));
    assert_eq!(one["job_id"], other["job_id"]);
    send("k2").await.problem(409);
    let upload = |key: &'static str| {
        Answer::of(
            scene
                .owner
                .request(Method::POST, "/data/ingest/upload")
                .header("Idempotency-Key", key)
                .body(views("2026-03-02", 1)),
        )
    };
    let (one, other) = tokio::join!(upload("u1"), upload("u1"));
    assert_eq!(one.expect(202)["job_id"], other.expect(202)["job_id"]);
    assert_eq!(one.expect(202)["job_id"], upload("u1").await.expect(202)["job_id"]);
    assert_eq!(scene.owner.get("/data/ingest/jobs").await.expect(200)["total"], 2);
    assert_eq!(send(" ").await.status, 400);
}

#[tokio::test]
async fn a_waiting_job_is_cancelled_at_once_and_stays_so() {
    let scene = Scene::new().await;
    let queued = scene.upload("", views("2026-03-02", 3)).await.expect(202);
    let path = format!("/data/ingest/jobs/{}", queued["job_id"].as_str().unwrap());
    let cancelled = scene.owner.post(&format!("{path}/cancel"), &json!({})).await.expect(200);
    assert_eq!(cancelled["status"], "cancelled");
    scene.start_worker();
    // The worker takes the queued task up and finds it ended; a later job passes it.
    scene.ended(&scene.upload("", views("2026-03-03", 1)).await.expect(202)).await;
    assert_eq!(scene.owner.get(&path).await.expect(200)["status"], "cancelled");
    let days = scene.owner.get("/data/availability").await.expect(200);
    assert_eq!(days["summary"]["total_events"], 1);
    scene.owner.post(&format!("{path}/cancel"), &json!({})).await.problem(409);
    scene.owner.post(&format!("/data/ingest/jobs/{}/cancel", JobId::generate()), &json!({})).await.problem(404);
}

#[tokio::test]
async fn a_running_job_is_cancelled_within_seconds_and_its_day_is_rolled_back() {
    let scene = Scene::new().await;
    scene.start_worker();
    let days: Vec<u8> = (1..=20).flat_map(|day| views(&format!("2026-03-{day:02}"), 1500)).collect();
    let queued = scene.upload("", days).await.expect(202);
    let path = format!("/data/ingest/jobs/{}", queued["job_id"].as_str().unwrap());
    loop {
        let job = scene.owner.get(&path).await.expect(200);
        assert!(job["completed_at"].is_null(), "too fast to be cancelled");
        if job["progress"]["days_done"].as_i64() >= Some(1) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let asked = std::time::Instant::now();
    scene.owner.post(&format!("{path}/cancel"), &json!({})).await.expect(200);
    let job = scene.ended(&queued).await;
    assert!(asked.elapsed().as_secs() < 5, "{:?}", asked.elapsed());
    assert_eq!(job["status"], "cancelled");
    // Days are there whole or not at all.
    let availability = scene.owner.get("/data/availability").await.expect(200);
    let landed = availability["days"].as_array().unwrap();
    assert!(!landed.is_empty() && landed.len() < 20, "{} days", landed.len());
    assert!(landed.iter().all(|day| day["events"] == 1500), "{landed:?}");
}

#[tokio::test]
async fn every_route_stands_behind_the_wall_and_viewers_only_look() {
    let scene = Scene::new().await;
    let document = serde_json::to_value(data_service::document()).unwrap();
    let tried = testkit::walls::assert_walled(&scene.server.url, &scene.state, &document, "/data/").await;
    println!("{tried:?}");

    let viewer = testkit::tokens::member(&scene.state, scene.tenant, Role::Viewer).await;
    let viewer = Client::new(&scene.server.url).of(&viewer, scene.tenant);
    viewer
        .post("/data/ingest/start", &json!({"start_date": "2026-03-01", "end_date": "2026-03-01"}))
        .await
        .problem(403);
    Answer::of(viewer.request(Method::POST, "/data/ingest/upload").body("x")).await.problem(403);
    viewer.get("/data/ingest/jobs").await.expect(200);

    // Another tenant's job does not exist for this one.
    let queued = scene.upload("", views("2026-03-02", 1)).await.expect(202);
    let other = testkit::tenants::create(&scene.state.pool, &TenantSettings::default()).await;
    let stranger = testkit::tokens::member(&scene.state, other, Role::Owner).await;
    let stranger = Client::new(&scene.server.url).of(&stranger, other);
    let path = format!("/data/ingest/jobs/{}", queued["job_id"].as_str().unwrap());
    stranger.get(&path).await.problem(404);
    stranger.post(&format!("{path}/cancel"), &json!({})).await.problem(404);
    assert_eq!(stranger.get("/data/ingest/jobs").await.expect(200)["total"], 0);
}
