//! The document: complete, and the same as the committed one.

use serde_json::Value;

fn document() -> Value {
    serde_json::to_value(auth_service::document()).unwrap()
}

#[test]
fn every_operation_says_who_may_and_what_can_go_wrong() {
    let document = document();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations.push(format!("{method} {path} {}", operation["operationId"].as_str().unwrap()));
            let responses = operation["responses"].as_object().unwrap();
            assert!(operation["security"].is_array(), "{method} {path}");
            if path.starts_with("/auth/") {
                for status in ["400", "422", "500", "503"] {
                    let content = &responses[status]["content"]["application/problem+json"]["schema"]["$ref"];
                    assert_eq!(content, "#/components/schemas/Problem", "{method} {path} {status}");
                }
            }
        }
    }
    assert_eq!(
        operations,
        [
            "get / root",
            "get /auth/.well-known/jwks.json public_keys",
            "post /auth/callback callback",
            "get /auth/login login",
            "post /auth/logout logout",
            "get /auth/me me",
            "post /auth/refresh refresh",
            "delete /auth/sessions end_sessions",
            "get /auth/sessions list_sessions",
            "delete /auth/sessions/{session_id} end_session",
            "get /auth/tenants list_tenants",
            "get /health health",
            "get /health/live live",
            "get /health/ready ready",
        ]
    );
    assert!(!document.to_string().contains("/dev/"), "the development provider is no part of the product");
}

#[test]
fn the_committed_document_is_this_one() {
    testkit::documents::assert_committed("auth", &document());
}
