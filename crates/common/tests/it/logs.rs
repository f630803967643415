//! Log files: JSON lines behind stable names, errors apart, old days removed.

use std::{collections::BTreeMap, fs, path::Path};

use common::{config::Settings, telemetry};
use serde_json::Value;

fn settings(dir: &Path) -> Settings {
    let vars: BTreeMap<String, String> = [
        ("POSTGRES_HOST", "127.0.0.1"),
        ("POSTGRES_PASSWORD", "o"),
        ("POSTGRES_APP_PASSWORD", "a"),
        ("JWT_SECRET_KEY", "j"),
        ("SECRETS_KEY", "s"),
        ("LOG_DIR", dir.to_str().unwrap()),
        ("LOG_KEEP_DAYS", "3"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    Settings::from_vars(&vars).unwrap()
}

fn lines(path: &Path) -> Vec<Value> {
    fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The only test of this binary that starts logging, which a process can do once.
#[test]
fn files_hold_json_lines_errors_apart_and_as_many_days_as_configured() {
    let dir = tempfile::tempdir().unwrap();
    for day in 1..=5 {
        fs::write(dir.path().join(format!("test-service.2020-01-0{day}.log")), "old\n").unwrap();
        fs::write(dir.path().join(format!("errors-test-service.2020-01-0{day}.log")), "old\n").unwrap();
    }
    let guard = telemetry::init("test-service", &settings(dir.path())).unwrap();
    tracing::info_span!("request", request_id = "abc").in_scope(|| {
        tracing::info!(status = 200, "answered");
        tracing::error!("it broke");
        tracing::debug!("below the level");
    });
    drop(guard);
    let all = lines(&dir.path().join("test-service.log"));
    let ours: Vec<_> = all.iter().filter(|line| line["span"]["request_id"] == "abc").collect();
    assert_eq!(ours.len(), 2, "{all:?}");
    assert_eq!((&ours[0]["message"], &ours[0]["status"]), (&Value::from("answered"), &Value::from(200)));
    let errors = lines(&dir.path().join("test-service-error.log"));
    assert!(errors.iter().any(|line| line["message"] == "it broke"));
    assert!(errors.iter().all(|line| line["level"] == "ERROR"));
    let kept = |prefix: &str| {
        fs::read_dir(dir.path())
            .unwrap()
            .filter(|file| file.as_ref().unwrap().file_name().to_str().unwrap().starts_with(prefix))
            .count()
    };
    assert_eq!((kept("test-service.20"), kept("errors-test-service.20")), (3, 3));
}
