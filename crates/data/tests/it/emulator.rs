//! PyPI's bqemulator as a child process: it answers BigQuery's REST API by running the queries it gets.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};

use crate::process::free_port;

/// The project that everything is in.
pub const PROJECT: &str = "shop-project";

/// However the test ends, it ends too.
pub struct Emulator {
    child: Child,
    pub url: String,
    client: Client,
    folder: tempfile::TempDir,
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Already gone when it has crashed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Emulator {
    /// Starts it and waits until it answers.
    pub async fn start() -> Self {
        let program = std::env::var_os("BQEMULATOR").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../.local/bqemulator/bin/bqemulator"),
            PathBuf::from,
        );
        let folder = tempfile::tempdir().unwrap();
        let log = File::create(folder.path().join("log")).unwrap();
        let (rest, grpc) = (free_port(), free_port());
        let child = Command::new(program)
            .args(["start", "--ephemeral", "--rest-port", &rest.to_string(), "--grpc-port", &grpc.to_string()])
            .current_dir(folder.path())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut emulator = Self { child, url: format!("http://127.0.0.1:{rest}"), client: Client::new(), folder };
        let started = Instant::now();
        loop {
            let ready = emulator.client.get(format!("{}/readyz", emulator.url)).send().await;
            if ready.is_ok_and(|answer| answer.status().is_success()) {
                return emulator;
            }
            let ended = emulator.child.try_wait().unwrap();
            assert!(
                ended.is_none() && started.elapsed() < Duration::from_secs(90),
                "the emulator does not get ready: {ended:?}\n{}",
                emulator.log()
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// Requests to an address that begins so.
    pub fn requests(&self, method: &str, path: &str) -> usize {
        let wanted = format!("\"method\": \"{method}\", \"path\": \"{path}");
        self.log().lines().filter(|line| line.contains(&wanted)).count()
    }

    async fn post(&self, path: &str, content_type: &str, body: Vec<u8>) -> Value {
        let request = self.client.post(format!("{}{path}", self.url)).header("content-type", content_type).body(body);
        let answer = request.send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// A dataset without tables.
    pub async fn dataset(&self, dataset: &str) {
        let made = json!({ "datasetReference": { "projectId": PROJECT, "datasetId": dataset }, "location": "US" });
        let datasets = format!("/bigquery/v2/projects/{PROJECT}/datasets");
        self.post(&datasets, "application/json", made.to_string().into_bytes()).await;
    }

    /// A table of these columns with the rows of a file: `PARQUET` or `NEWLINE_DELIMITED_JSON`.
    pub async fn load(&self, dataset: &str, table: &str, columns: Value, format: &str, file: Vec<u8>) {
        let project = format!("/bigquery/v2/projects/{PROJECT}");
        let place = json!({ "projectId": PROJECT, "datasetId": dataset, "tableId": table });
        let made = json!({ "tableReference": place, "schema": { "fields": columns } });
        let tables = format!("{project}/datasets/{dataset}/tables");
        self.post(&tables, "application/json", made.to_string().into_bytes()).await;
        let load = json!({ "configuration": { "load": {
            "destinationTable": place,
            "sourceFormat": format,
            "schema": { "fields": columns },
            "writeDisposition": "WRITE_TRUNCATE",
            "parquetOptions": { "enableListInference": true },
            "ignoreUnknownValues": true,
        } } });
        let mut body = format!(
            "--part\r\ncontent-type: application/json\r\n\r\n{load}\r\n\
             --part\r\ncontent-type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend(file);
        body.extend(b"\r\n--part--\r\n");
        let jobs = format!("/upload{project}/jobs?uploadType=multipart");
        let job = self.post(&jobs, "multipart/related; boundary=part", body).await;
        assert_eq!(job["status"]["state"], "DONE", "{job}");
        assert!(job["status"]["errorResult"].is_null(), "{job}");
    }
}
