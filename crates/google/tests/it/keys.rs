//! Key files: what is taken, what is wrong with the others, and that nothing shows the private key.

use google::{KeyError, ServiceAccountKey};
use serde_json::{Value, json};
use testkit::google::Stub;

use crate::support::{bigquery, client, key};

async fn file() -> Value {
    serde_json::from_str(&Stub::start().await.key()).unwrap()
}

fn parse(file: &Value) -> Result<ServiceAccountKey, KeyError> {
    ServiceAccountKey::parse(&file.to_string())
}

#[tokio::test]
async fn a_key_file_says_who_it_is() {
    let key = parse(&file().await).unwrap();
    assert_eq!(key.client_email(), "robot@stub-project.iam.gserviceaccount.com");
    assert_eq!(key.key_id(), "0123456789abcdef0123456789abcdef01234567");
    assert_eq!(key.project_id(), Some("stub-project"));
}

#[tokio::test]
async fn forms_a_key_file_arrives_in_are_taken() {
    let file = file().await;
    let escaped_twice = file["private_key"].as_str().unwrap().replace('\n', "\\n");
    let mut other = file.clone();
    other["private_key"] = json!(escaped_twice);
    assert!(parse(&other).is_ok(), "line ends escaped twice");
    assert!(ServiceAccountKey::parse(&format!("\u{feff}{file:#}\r\n")).is_ok(), "with a byte order mark");
    let mut without = file.clone();
    without.as_object_mut().unwrap().remove("project_id");
    assert_eq!(parse(&without).unwrap().project_id(), None);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let file = file().await;
    let with = |field: &str, value: Value| {
        let mut file = file.clone();
        file[field] = value;
        parse(&file).unwrap_err()
    };
    assert_eq!(ServiceAccountKey::parse("{\n \"type\": oops").unwrap_err(), KeyError::NotJson { line: 2, column: 10 });
    assert_eq!(ServiceAccountKey::parse("[]").unwrap_err(), KeyError::NotAnObject);
    assert_eq!(with("type", json!("authorized_user")), KeyError::Kind);
    assert_eq!(with("client_email", json!("")), KeyError::Missing("client_email"));
    assert_eq!(with("client_email", json!("nobody")), KeyError::Email);
    assert_eq!(with("private_key_id", json!(7)), KeyError::Missing("private_key_id"));
    assert_eq!(with("private_key", Value::Null), KeyError::Missing("private_key"));
    assert_eq!(with("private_key", json!("secret words")), KeyError::PrivateKey);
    let pem = file["private_key"].as_str().unwrap();
    // A key whose numbers are no key any more.
    assert_eq!(with("private_key", json!(pem.replacen('A', "B", 40))), KeyError::PrivateKey);
    let public = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n";
    assert_eq!(with("private_key", json!(public)), KeyError::PrivateKey);
}

#[tokio::test]
async fn an_error_holds_nothing_of_the_file() {
    let secret = "s3cr3t-content";
    for text in [
        format!(
            "{{\"type\":\"service_account\",\"private_key\":\"{secret}\",\"private_key_id\":\"x\",\"client_email\":\"a@b\"}}"
        ),
        format!("{{\"type\":\"{secret}\"}}"),
        format!("{{\"{secret}\": {secret}"),
        format!("\"{secret}\""),
        format!(
            "{{\"type\":\"service_account\",\"client_email\":\"{secret}\",\"private_key\":\"x\",\"private_key_id\":\"y\"}}"
        ),
    ] {
        let error = ServiceAccountKey::parse(&text).unwrap_err();
        assert!(!format!("{error} {error:?}").contains(secret), "{error:?}");
    }
}

#[tokio::test]
async fn nothing_shows_the_private_key_or_a_token() {
    let stub = Stub::start().await;
    let (key, client, bigquery) = (key(&stub), client(&stub), bigquery(&stub));
    let analytics = client.analytics(key.clone(), "1");
    bigquery.tables("p", "d").await.unwrap_err();
    let file: Value = serde_json::from_str(&stub.key()).unwrap();
    let pem = file["private_key"].as_str().unwrap();
    let shown = format!("{key:?} {client:?} {bigquery:?} {analytics:?}");
    assert!(shown.contains("robot@stub-project"), "{shown}");
    assert!(!shown.contains("ya29") && !shown.contains("PRIVATE KEY"), "{shown}");
    for line in pem.lines().filter(|line| line.len() > 30) {
        assert!(!shown.contains(line), "{shown}");
    }
}
