//! The walls' own test: services with a hole, each of which has to be found.

use axum::Json;
use axum::routing::{get, post};
use common::auth::{AppState, Caller, Needs, PERMISSIONS, Role, TenantContext};
use common::http::ServiceMeta;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;

use super::assert_walled;
use crate::db::TestDb;
use crate::http::TestServer;
use crate::state;

/// A path of the table that every member may call.
const PATH: &str = "/analytics/locations";
/// One that managers may, by POST.
const OF_MANAGERS: &str = "/data/ingest/rejected/redrive";
/// One that the table has several methods of.
const OF_SEVERAL: &str = "/auth/tenants/{tenant_id}/api-keys";

async fn try_walls(router: OpenApiRouter<AppState>, paths: &[&str]) {
    let db = TestDb::new().await;
    let state = state::state(&db);
    let meta = ServiceMeta { name: "test-service", title: "Test", description: "A test.", version: "0" };
    let server = TestServer::start(common::http::app(meta, router, OpenApiRouter::new(), state.clone())).await;
    let items: serde_json::Map<String, Value> =
        paths.iter().map(|path| ((*path).to_owned(), json!({ method(path): {} }))).collect();
    // Only of the first: the rest of the table is of other services here.
    assert_walled(&server.url, &state, &json!({ "paths": items }), paths[0]).await;
}

fn method(path: &str) -> &'static str {
    if path == OF_MANAGERS { "post" } else { "get" }
}

async fn guarded(_: TenantContext) -> Json<Value> {
    Json(json!([]))
}

#[tokio::test]
async fn a_guarded_operation_passes() {
    assert!(PERMISSIONS.iter().any(|permission| permission.path == PATH));
    try_walls(OpenApiRouter::new().route(PATH, get(guarded)), &[PATH]).await;
}

#[tokio::test]
#[should_panic(expected = "as nobody")]
async fn an_operation_that_asks_nobody_is_found() {
    try_walls(OpenApiRouter::new().route(PATH, get(async || Json(json!([])))), &[PATH]).await;
}

#[tokio::test]
#[should_panic(expected = "without a tenant")]
async fn an_operation_that_asks_for_a_person_alone_is_found() {
    try_walls(OpenApiRouter::new().route(PATH, get(async |_: Caller| Json(json!([])))), &[PATH]).await;
}

#[tokio::test]
#[should_panic(expected = "as viewer")]
async fn an_operation_that_asks_for_more_than_the_table_is_found() {
    let strict = async |tenant: TenantContext| tenant.require(Role::Manager).map(|()| Json(json!([])));
    try_walls(OpenApiRouter::new().route(PATH, get(strict)), &[PATH]).await;
}

#[tokio::test]
#[should_panic(expected = "as viewer")]
async fn an_operation_that_asks_for_less_than_the_table_is_found() {
    let lax = post(guarded).layer(axum::Extension(Needs::Member(Role::Viewer, None)));
    try_walls(OpenApiRouter::new().route(OF_MANAGERS, lax), &[OF_MANAGERS]).await;
}

#[tokio::test]
#[should_panic(expected = "missing in the table of permissions")]
async fn an_operation_that_the_table_does_not_know_is_found() {
    try_walls(OpenApiRouter::new().route(PATH, get(guarded)), &[PATH, "/analytics/secrets"]).await;
}

#[tokio::test]
#[should_panic(expected = "no operation of the document")]
async fn a_permission_without_an_operation_is_found() {
    // The table has POST, too.
    try_walls(OpenApiRouter::new().route(OF_SEVERAL, get(guarded)), &[OF_SEVERAL]).await;
}
