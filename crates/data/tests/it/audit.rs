//! What people and machines do to a tenant's data is in its audit log, without what opens anything.

use common::auth::Scope;
use common::db::TenantTx;
use data_service::cli;
use data_service::source::grants::Grant;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::google::FakeGoogle;
use testkit::http::Answer;

use crate::jobs_api::views;
use crate::scene::Scene;

/// Action, actor, target and details, the oldest first.
async fn log(scene: &Scene) -> Vec<(String, String, Option<String>, Value)> {
    let mut tx = TenantTx::begin(&scene.state.pool, scene.tenant).await.unwrap();
    sqlx::query_as("select action, actor, target, details from audit_log order by entry_no")
        .fetch_all(tx.conn())
        .await
        .unwrap()
}

async fn actions(scene: &Scene) -> Vec<String> {
    log(scene).await.into_iter().map(|(action, ..)| action).collect()
}

#[tokio::test]
async fn every_change_of_data_is_noted_with_who_did_it() {
    let scene = Scene::new().await;
    let uploaded = scene.upload("?mode=append", views("2026-03-02", 1)).await.expect(202);
    let job = uploaded["job_id"].as_str().unwrap();
    let at = |verb: &str| format!("/data/ingest/jobs/{job}/{verb}");
    scene.owner.post(&at("cancel"), &json!({})).await.expect(200);
    scene.owner.post(&at("cancel"), &json!({})).await.problem(409);
    scene.owner.post(&at("retry"), &json!({})).await.expect(202);
    let range = json!({"start_date": "2026-02-01", "end_date": "2026-02-03", "data_types": ["events"]});
    scene.owner.post("/data/ingest/start", &range).await.expect(202);
    scene.owner.post("/data/ingest/start", &range).await.problem(409);
    assert_eq!(scene.owner.get("/data/ingest/rejected/download").await.status, 200);
    let list = "location_id,location_name\nD01,One\n";
    let import = |query: &str| {
        let path = format!("/data/locations/import{query}");
        Answer::of(scene.owner.request(Method::POST, &path).body(list))
    };
    import("?dry_run=true").await.expect(200);
    import("").await.expect(200);
    let log = log(&scene).await;
    let done: Vec<_> = log.iter().map(|(action, ..)| action.as_str()).collect();
    assert_eq!(
        done,
        [
            "ingestion.uploaded",
            "ingestion.cancelled",
            "ingestion.retried",
            "ingestion.started",
            "rejected_rows.downloaded",
            "locations.imported",
        ]
    );
    assert!(log.iter().all(|(_, actor, ..)| actor.starts_with("person-")), "{log:?}");
    assert_eq!((log[0].2.as_deref(), &log[0].3), (Some(job), &json!({"mode": "append"})));
    assert_eq!(log[3].3, range);
    assert_eq!((&log[5].3["added"], &log[5].3["rows"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_machine_is_named_by_its_key_and_a_command_by_the_operator() {
    let scene = Scene::new().await;
    let key = testkit::tokens::api_key(&scene.state, scene.tenant, &[Scope::Ingest]).await;
    let machine = testkit::http::Client::new(&scene.server.url);
    let upload = machine.request(Method::POST, "/data/ingest/upload").header("X-Api-Key", &key);
    Answer::of(upload.body(views("2026-03-02", 1))).await.expect(202);
    let grant = Grant::of_property("123").unwrap();
    cli::source::allow(&scene.state.settings, scene.tenant, &grant).await.unwrap();
    cli::source::allow(&scene.state.settings, scene.tenant, &grant).await.unwrap();
    cli::source::revoke(&scene.state.settings, scene.tenant, &grant).await.unwrap();
    let log = log(&scene).await;
    assert_eq!(log[0].1, format!("API key {}", &key[..45]));
    assert!(!log[0].1.contains(&key));
    let operators: Vec<_> = log[1..]
        .iter()
        .map(|(action, actor, target, _)| (action.as_str(), actor.as_str(), target.as_deref()))
        .collect();
    assert_eq!(operators, [("source.allowed", "operator", Some("123")), ("source.revoked", "operator", Some("123"))]);
}

#[tokio::test]
async fn a_source_is_noted_with_what_was_named_and_no_secret() {
    let scene = Scene::new().await;
    let key = FakeGoogle::default().key_of("reader");
    let bigquery = json!({"project": "my-shop-123", "dataset": "analytics_1"});
    let users = json!({
        "kind": "sftp", "host": "sftp.example.com", "username": "shop", "pattern": "users*.csv",
        "secret": {"password": "hush-hush"},
    });
    let body = json!({"kind": "bigquery", "bigquery": bigquery, "service_account": key, "users": users});
    let answer = scene.owner.put("/data/source", &body).await;
    answer.expect(200);
    let (_, _, _, details) = log(&scene).await.remove(0);
    assert_eq!(details["named"], json!(["kind", "bigquery", "service_account", "users"]));
    assert_eq!((&details["from"]["kind"], &details["to"]["kind"]), (&json!("export_files"), &json!("bigquery")));
    assert_eq!(details["to"]["key"]["client_email"], "reader@stub-project.iam.gserviceaccount.com");
    let text = details.to_string();
    assert!(!text.contains("hush") && !text.contains("PRIVATE"), "{text}");
    assert_eq!(actions(&scene).await, ["source.changed"]);
}
