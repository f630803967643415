//! The committed OpenAPI documents.

use std::path::Path;

use serde_json::Value;

/// Asserts that `openapi/<name>.json` is this document.
///
/// # Panics
/// When it is not; `make openapi` renews it.
#[track_caller]
pub fn assert_committed(name: &str, document: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi").join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("openapi/{name}.json: {error}"));
    let committed: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("openapi/{name}.json: {error}"));
    assert!(committed == *document, "openapi/{name}.json is not what the code says: run `make openapi`");
}
