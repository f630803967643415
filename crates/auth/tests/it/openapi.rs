//! The document: complete, and the same as the committed one.

use serde_json::Value;

use crate::support::Service;

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
            operations.push(operation["operationId"].as_str().unwrap().to_owned());
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
    operations.sort_unstable();
    assert!(
        operations.windows(2).all(|pair| pair[0] != pair[1]),
        "names of operations are theirs alone: {operations:?}"
    );
    assert!(!document.to_string().contains("/dev/"), "the development provider is no part of the product");
}

#[test]
fn the_committed_document_is_this_one() {
    testkit::documents::assert_committed("auth", &document());
}

#[tokio::test]
async fn every_operation_stands_behind_the_wall() {
    let service = Service::new().await;
    let tried = testkit::walls::assert_walled(&service.url, &service.state, &document(), "/auth/").await;
    println!("{tried:?}");
}

#[tokio::test]
async fn every_operation_stands_behind_the_wall_where_keys_are_public() {
    let service = Service::with(&[("JWT_ALGORITHM", "EdDSA"), ("JWT_SECRET_KEY", "")]).await;
    // The first sign-in makes the pair whose public half is then tried as a secret.
    service.browser().sign_in("olivia.owner@example.com").await;
    let tried = testkit::walls::assert_walled(&service.url, &service.state, &document(), "/auth/").await;
    println!("{tried:?}");
}
