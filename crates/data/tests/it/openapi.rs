//! The API's document.

#[test]
fn the_committed_document_is_this_one() {
    testkit::documents::assert_committed("data", &serde_json::to_value(data_service::document()).unwrap());
}
