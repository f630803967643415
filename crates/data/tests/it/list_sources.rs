//! Lists that a job fetches: from a BigQuery table and an SFTP folder, on the schedule of the tenant's source.

use chrono::Utc;
use common::jobs::Attempt;
use data_service::ingest::job::IngestTask;
use data_service::ingest::view::{JobView, view};
use data_service::ingest::work::{Ingestion, work};
use data_service::source::scheduling::run_due;
use serde_json::{Value, json};
use testkit::google::{Column, Stub, Table};
use tokio_util::sync::CancellationToken;

use crate::sftp_server::{Fault, PASSWORD, SftpServer, USER};
use crate::source_scene::SourceScene;

const USERS: &[u8] =
    b"Customer No;Company;Mobile;E-Mail\r\nU1;Acme GmbH;+49 151 1;info@acme.example\r\nU2;Beta;;beta@\r\n";

/// Makes the source due and works the job that comes of it.
async fn due_run(scene: &SourceScene) -> JobView {
    sqlx::query("update due_work set due_at = now() - interval '1 minute'").execute(scene.pool()).await.unwrap();
    let jobs = run_due(scene.pool(), Utc::now()).await.unwrap();
    let [job] = jobs.as_slice() else { panic!("{jobs:?}") };
    let ingestion = Ingestion::new(&scene.state.settings, scene.pool().clone()).unwrap();
    let attempt = Attempt { number: 1, most: 25, stop: CancellationToken::new() };
    work(&ingestion, IngestTask { tenant_id: scene.tenant, job_id: *job }, &attempt).await.unwrap();
    let mut tx = common::db::TenantTx::begin(scene.pool(), scene.tenant).await.unwrap();
    view(tx.conn(), scene.tenant, *job).await.unwrap()
}

fn source(stub: &Stub, server: &SftpServer, host_key: &str) -> Value {
    json!({
        "kind": "bigquery",
        "bigquery": {"project": "my-shop-1", "dataset": "analytics_1"},
        "service_account": serde_json::from_str::<Value>(&stub.key()).unwrap(),
        "users": {
            "kind": "sftp", "host": "127.0.0.1", "port": server.port, "username": USER, "path": "/outgoing",
            "pattern": "users*.csv", "host_key": host_key, "secret": {"password": PASSWORD}
        },
        "locations": {"kind": "bigquery", "project": "my-shop-1", "dataset": "crm", "table": "branches"},
        "schedule": {"cron": "15 6 * * *", "enabled": true, "refresh_days": 0}
    })
}

#[tokio::test]
async fn a_scheduled_run_fetches_both_lists_and_says_which_line_was_not_taken() {
    let stub = Stub::start().await;
    stub.put_dataset("my-shop-1", "analytics_1");
    let columns =
        vec![Column::new("Branch", "STRING"), Column::new("Warehouse_Name", "STRING"), Column::new("city", "STRING")];
    let rows = vec![
        json!({"Branch": "D01", "Warehouse_Name": "Berlin", "city": "Berlin"}),
        json!({"Branch": "D02", "Warehouse_Name": "Köln \"West\""}),
    ];
    stub.put_table("my-shop-1", "crm", "branches", Table::with_columns(columns, rows));
    let server = SftpServer::start(&[("users_20260301.csv", USERS, 7)], None, Fault::None).await;
    let mut scene = SourceScene::against(&stub).await;
    let mut settings = (*scene.state.settings).clone();
    settings.allow_private_addresses = true;
    scene.state.settings = std::sync::Arc::new(settings);
    scene.put(source(&stub, &server, &server.fingerprint)).await.expect(200);

    let job = due_run(&scene).await;
    assert_eq!(job.status, "completed_with_warnings", "{job:?}");
    assert_eq!((job.records_processed["users_processed"], job.records_processed["locations_processed"]), (1, 2));
    let told = job.warnings.iter().find(|warning| warning.starts_with("users: users_20260301.csv: 1 lines"));
    assert!(told.is_some_and(|warning| warning.contains("line 3")), "{:?}", job.warnings);
    let user = scene.owner.get("/data/users/U1").await.expect(200);
    assert_eq!((&user["buying_company_name"], &user["cell_phone"]), (&json!("Acme GmbH"), &json!("+49 151 1")));
    let names: Vec<(String, String)> = sqlx::query_as("select location_id, location_name from locations order by 1")
        .fetch_all(&scene.db.owner)
        .await
        .unwrap();
    assert_eq!(names, [("D01".into(), "Berlin".into()), ("D02".into(), "Köln \"West\"".into())]);

    // Once more: nothing changes.
    let again = due_run(&scene).await;
    assert_eq!(again.records_processed["users_processed"], 1);
}

#[tokio::test]
async fn a_list_that_cannot_be_had_fails_the_job_and_says_which() {
    let stub = Stub::start().await;
    stub.put_dataset("my-shop-1", "analytics_1");
    stub.put_dataset("my-shop-1", "crm");
    let server = SftpServer::start(&[("users.csv", USERS, 7)], None, Fault::None).await;
    let scene = SourceScene::against(&stub).await;
    scene.put(source(&stub, &server, &server.fingerprint)).await.expect(200);
    // The operator does not let tenants name servers of its own networks.
    let job = due_run(&scene).await;
    assert_eq!(job.status, "failed");
    let reason = job.error_message.unwrap();
    assert!(reason.starts_with("127.0.0.1: ") && reason.contains("ALLOW_PRIVATE_ADDRESSES"), "{reason}");
    assert!(!reason.contains(PASSWORD));
    scene.put(json!({"users": null})).await.expect(200);
    let job = due_run(&scene).await;
    assert!(job.error_message.is_some_and(|reason| reason.contains("branches")), "the table is not there");
}
