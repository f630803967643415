//! The API's document.

#[test]
fn the_committed_document_is_this_one() {
    testkit::documents::assert_committed("analytics", &serde_json::to_value(analytics_service::document()).unwrap());
}
