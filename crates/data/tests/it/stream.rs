//! A job's progress as server-sent events.

use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::http::Answer;
use testkit::rows::{self, Event};

use crate::scene::Scene;

#[tokio::test]
async fn a_stream_tells_the_job_until_its_end_and_is_over_then() {
    let scene = Scene::new().await;
    let row = Event::at("page_view", chrono_tz::UTC, "2026-03-02 10:00:00").visit("v", 1).page("/").build();
    let queued = scene.upload("", rows::ndjson(&[row])).await.expect(202);
    let path = format!("/data/ingest/jobs/{}/stream", queued["job_id"].as_str().unwrap());
    let answer = scene.owner.request(Method::GET, &path).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/event-stream");
    let mut chunks = answer.bytes_stream();
    let first = String::from_utf8(chunks.next().await.unwrap().unwrap().to_vec()).unwrap();
    assert!(first.starts_with("event: progress\ndata: {"), "{first}");
    scene.start_worker();
    let mut rest = String::new();
    // Comes to its end by itself.
    while let Some(chunk) = chunks.next().await {
        rest.push_str(std::str::from_utf8(&chunk.unwrap()).unwrap());
    }
    let last = rest.trim().rsplit("\n\n").next().unwrap();
    let data = last.strip_prefix("event: end\ndata: ").unwrap_or_else(|| panic!("{last}"));
    let job: Value = serde_json::from_str(data).unwrap();
    assert_eq!((&job["status"], &job["records_processed"]["page_view"]), (&json!("completed"), &json!(1)));
}

#[tokio::test]
async fn a_stream_of_no_job_is_a_404() {
    let scene = Scene::new().await;
    let path = "/data/ingest/jobs/00000000-0000-7000-8000-000000000001/stream";
    Answer::of(scene.owner.request(Method::GET, path)).await.problem(404);
}
