//! `POST /data/source/test` for the places that lists of users and locations are fetched from.

use serde_json::{Value, json};
use testkit::google::{Column, Endpoint, Fault as GoogleFault, Stub, Table};

use crate::sftp_server::{Fault, PASSWORD, SftpServer, USER};
use crate::source_scene::SourceScene;

const USERS: &[u8] = b"Customer No;Company;Mobile;Shoe size\r\nU1;Acme GmbH;+49 151 1;42\r\n";

/// A service that may connect to this machine, and a tenant without another source.
async fn scene(stub: &Stub) -> SourceScene {
    SourceScene::with(|settings| {
        settings.allow_private_addresses = true;
        settings.google.endpoints.token = Some(stub.token_url());
        settings.google.endpoints.bigquery = Some(stub.url.clone());
    })
    .await
}

fn folder(server: &SftpServer, change: Value) -> Value {
    let mut users = json!({
        "kind": "sftp", "host": "127.0.0.1", "port": server.port, "username": USER, "path": "/outgoing",
        "pattern": "users*", "host_key": server.fingerprint, "secret": {"password": PASSWORD}
    });
    users.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    json!({ "users": users })
}

fn branches(table: &str) -> Value {
    json!({"locations": {"kind": "bigquery", "project": "my-shop-1", "dataset": "crm", "table": table}})
}

fn put_branches(stub: &Stub, columns: &[&str]) {
    let columns = columns.iter().map(|name| Column::new(name, "STRING")).collect();
    stub.put_table("my-shop-1", "crm", "branches", Table::with_columns(columns, vec![json!({}), json!({})]).bytes(900));
}

/// The last step, which is the list's, and the whole answer.
async fn tested(scene: &SourceScene, list: &str) -> (Value, Value) {
    let test = scene.owner.post("/data/source/test", &json!({})).await.expect(200);
    let steps = test["steps"].as_array().unwrap();
    let of_list: Vec<&Value> = steps.iter().filter(|step| step["step"] == list).collect();
    assert_eq!(of_list.len(), 1, "{test}");
    assert_eq!(test["ok"], steps.iter().all(|step| step["ok"] == true), "{test}");
    assert!(!test.to_string().contains(PASSWORD));
    // What was looked at is gone.
    let left = scene.root.path().join(".jobs").join(scene.tenant.to_string());
    assert_eq!(std::fs::read_dir(left).map_or(0, Iterator::count), 0);
    (of_list[0].clone(), test)
}

/// Why the list cannot be had.
async fn refused(scene: &SourceScene, list: &str) -> String {
    let (step, test) = tested(scene, list).await;
    assert_eq!((&step["ok"], &test["ok"]), (&json!(false), &json!(false)), "{test}");
    step["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_folder_is_listed_and_a_table_described_with_the_columns_that_mean_something() {
    let stub = Stub::start().await;
    put_branches(&stub, &["Branch", "Warehouse_Name", "Manager"]);
    let files: [(&str, &[u8], u32); 3] =
        [("users_1.csv", b"user_id\nU1\n", 1_772_000_000), ("users_2.csv", USERS, 1_773_000_000), ("x.csv", b"", 9)];
    let server = SftpServer::start(&files, None, Fault::None).await;
    let scene = scene(&stub).await;
    let mut body = folder(&server, json!({}));
    body["locations"] = branches("branches")["locations"].clone();
    body["service_account"] = json!(stub.key());
    scene.put(body).await.expect(200);

    let (step, test) = tested(&scene, "users").await;
    assert_eq!((&step["ok"], &test["ok"]), (&json!(true), &json!(true)), "{test}");
    assert_eq!(
        step["message"],
        "2 files in /outgoing on 127.0.0.1 fit; the newest is users_2.csv, with user_id, buying_company_name, cell_phone."
    );
    assert_eq!(step["warnings"], json!(["columns that mean nothing here: Shoe size"]));
    let file = |name: &str, bytes: usize, at: &str| json!({"name": name, "bytes": bytes, "changed_at": at});
    assert_eq!(
        test["users"],
        json!({
            "files_total": 2, "rows": null,
            "files": [
                file("users_2.csv", USERS.len(), "2026-03-08T20:00:00Z"),
                file("users_1.csv", 11, "2026-02-25T06:13:20Z"),
            ],
            "fields": ["user_id", "buying_company_name", "cell_phone"], "ignored_columns": ["Shoe size"],
        })
    );
    let (step, _) = tested(&scene, "locations").await;
    assert_eq!(step["message"], "The table my-shop-1.crm.branches has 2 rows, with location_id, location_name.");
    assert_eq!(
        test["locations"],
        json!({"files_total": 0, "files": [], "rows": 2, "fields": ["location_id", "location_name"],
            "ignored_columns": ["Manager"]})
    );
    assert!(stub.calls(Endpoint::Query).iter().all(|call| call.body["dryRun"] == true), "nothing is read or billed");
    // A test changes nothing.
    assert_eq!(scene.owner.get("/data/users").await.expect(200)["total"], 0);

    scene.put(json!({"users": null, "locations": null})).await.expect(200);
    let test = scene.owner.post("/data/source/test", &json!({})).await.expect(200);
    assert_eq!((&test["users"], &test["locations"]), (&Value::Null, &Value::Null));
    assert_eq!(test["steps"].as_array().unwrap().len(), 1, "{test}");
}

#[tokio::test]
async fn what_keeps_a_file_from_being_fetched_is_said() {
    let stub = Stub::start().await;
    let files: [(&str, &[u8], u32); 2] = [("users.csv", USERS, 7), ("users.csv.bak", b"no;list\n1;2\n", 3)];
    let server = SftpServer::start(&files, None, Fault::None).await;
    let scene = scene(&stub).await;
    let shown = &server.fingerprint;
    let other = format!("SHA256:{}", "A".repeat(43));
    let cases = [
        (json!({"host_key": other}), format!("127.0.0.1: the server showed the key {shown} and not {other}")),
        (json!({"host_key": null}), format!("it showed {shown}; if that is its key, set it as host_key")),
        (json!({"secret": {"password": "wrong"}}), "the server does not let shop in with what is stored".into()),
        (json!({"pattern": "people*.csv"}), "no file in the folder /outgoing fits people*.csv".into()),
        (json!({"pattern": "*.bak"}), "there is no column user_id; the columns are `no`, `list`".into()),
        (json!({"port": 9}), "the connection to the server failed".into()),
    ];
    for (change, says) in cases {
        scene.put(folder(&server, change)).await.expect(200);
        let message = refused(&scene, "users").await;
        assert!(message.contains(&says), "{says}: {message}");
    }
    // The operator's own networks are nobody's servers.
    let scene = SourceScene::new().await;
    scene.put(folder(&server, json!({}))).await.expect(200);
    let message = refused(&scene, "users").await;
    assert!(message.contains("ALLOW_PRIVATE_ADDRESSES"), "{message}");
}

#[tokio::test]
async fn of_a_large_file_no_more_is_read_than_its_beginning() {
    let stub = Stub::start().await;
    let line = "U1;Müller;+49 151 1;42\r\n";
    let mut large = USERS.to_vec();
    large.extend(line.repeat((5 << 20) / line.len()).into_bytes());
    let mut workbook = b"PK\x03\x04".to_vec();
    workbook.resize(5 << 20, 0);
    let files: [(&str, &[u8], u32); 2] = [("users.csv", &large, 7), ("users.xlsx", &workbook, 3)];
    let server = SftpServer::start(&files, None, Fault::None).await;
    let scene = scene(&stub).await;
    scene.put(folder(&server, json!({}))).await.expect(200);
    let (step, test) = tested(&scene, "users").await;
    assert_eq!(step["ok"], true, "{test}");
    assert_eq!(test["users"]["fields"], json!(["user_id", "buying_company_name", "cell_phone"]));
    scene.put(folder(&server, json!({"pattern": "*.xlsx"}))).await.expect(200);
    let (step, test) = tested(&scene, "users").await;
    assert_eq!((&step["ok"], &test["users"]["fields"]), (&json!(true), &json!([])), "{test}");
    assert!(step["warnings"][0].as_str().unwrap().contains("seen when it is taken"), "{test}");
}

#[tokio::test]
async fn what_keeps_a_table_from_being_read_is_said() {
    let stub = Stub::start().await;
    put_branches(&stub, &["Branch", "Warehouse_Name"]);
    let scene = scene(&stub).await;
    scene.put(branches("branches")).await.expect(200);
    let message = refused(&scene, "locations").await;
    assert!(message.starts_with("There is no Google key for the dataset my-shop-1.crm"), "{message}");
    assert_eq!(stub.all_calls().len(), 0, "without a key nobody is asked");

    scene.put(json!({"service_account": stub.key()})).await.expect(200);
    stub.next(Endpoint::Table, [GoogleFault::AccessDenied]);
    let message = refused(&scene, "locations").await;
    assert!(message.contains("Grant robot@stub-project"), "{message}");
    scene.put(branches("shops")).await.expect(200);
    assert_eq!(refused(&scene, "locations").await, "There is no table my-shop-1.crm.shops.");
    scene.put(branches("branches")).await.expect(200);
    stub.next(Endpoint::Query, [GoogleFault::AccessDenied]);
    let message = refused(&scene, "locations").await;
    assert!(message.contains("Grant robot@stub-project"), "{message}");
    put_branches(&stub, &["Name", "Manager"]);
    let message = refused(&scene, "locations").await;
    assert!(message.contains("there is no column location_id; the columns are `Name`, `Manager`"), "{message}");
    let columns = vec![Column::new("Branch", "STRING")];
    stub.put_table("my-shop-1", "crm", "branches", Table::with_columns(columns, vec![json!({})]).bytes(2 << 30));
    let message = refused(&scene, "locations").await;
    assert_eq!(message, "Reading branches would read 2147483648 bytes; at most 1073741824 may be billed.");
}

#[tokio::test]
async fn a_server_that_falls_silent_leaves_the_others_their_time() {
    let stub = Stub::start().await;
    put_branches(&stub, &["Branch"]);
    let large = vec![b'x'; 200 * 1024];
    let server = SftpServer::start(&[("users.csv", &large, 7)], None, Fault::Hang).await;
    let scene = scene(&stub).await;
    let mut body = folder(&server, json!({}));
    body["locations"] = branches("branches")["locations"].clone();
    body["service_account"] = json!(stub.key());
    scene.put(body).await.expect(200);
    let began = std::time::Instant::now();
    let (users, test) = tested(&scene, "users").await;
    assert_eq!((&users["ok"], &test["users"]), (&json!(false), &Value::Null), "{test}");
    assert!(users["message"].as_str().unwrap().starts_with("127.0.0.1: "), "{test}");
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    assert_eq!(test["locations"]["rows"], 2, "{test}");
    let steps = test["steps"].as_array().unwrap().iter();
    assert!(steps.filter(|step| step["step"] == "locations").all(|step| step["ok"] == true), "{test}");
}
