//! The client against a small service with the product's own layers.

use axum::Json;
use axum::extract::Query;
use common::auth::{AppState, Needs, Role, TenantContext};
use common::http::ServiceMeta;
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;

use super::TestServer;
use crate::db::TestDb;
use crate::oracle::TenantSettings;
use crate::{state, tenants, tokens};

#[derive(Deserialize)]
struct Place {
    #[serde(default)]
    page: Option<usize>,
    limit: usize,
    #[serde(default)]
    cursor: Option<usize>,
}

/// Seven lines.
async fn lines(Query(Place { page, limit, cursor }): Query<Place>) -> Json<Value> {
    let page = page.unwrap_or(1);
    let start = cursor.unwrap_or((page - 1) * limit).min(7);
    let end = (start + limit).min(7);
    let next = (end < 7).then(|| end.to_string());
    let data: Vec<usize> = (start..end).collect();
    Json(json!({ "data": data, "total": 7, "page": page, "limit": limit, "has_more": end < 7, "next_cursor": next }))
}

async fn whoami(tenant: TenantContext) -> Json<Value> {
    Json(json!({ "role": tenant.role, "branches": tenant.branches }))
}

#[tokio::test]
async fn members_are_let_in_and_lists_are_walked() {
    let db = TestDb::new().await;
    let state = state::state(&db);
    let api = OpenApiRouter::<AppState>::new()
        .route("/whoami", axum::routing::get(whoami))
        .route("/lines", axum::routing::get(lines))
        .layer(axum::Extension(Needs::Member(Role::Viewer, None)));
    let meta = ServiceMeta { name: "test-service", title: "Test", description: "A test.", version: "0" };
    let server = TestServer::start(common::http::app(meta, api, OpenApiRouter::new(), state.clone())).await;
    let nobody = server.client();

    let tenant = tenants::create(&db.app, &TenantSettings::default()).await;
    let other = tenants::create(&db.app, &TenantSettings::default()).await;
    let viewer = tokens::member(&state, tenant, Role::Viewer).await;
    nobody.get("/whoami").await.problem(401);
    nobody.token(&viewer.token).get("/whoami").await.problem(400);
    nobody.of(&viewer, other).get("/whoami").await.problem(404);
    let mine = nobody.of(&viewer, tenant);
    assert_eq!(mine.get("/whoami").await.expect(200), json!({ "role": "viewer", "branches": null }));
    tokens::sign_out(&db.app, viewer.session).await;
    mine.get("/whoami").await.problem(401);

    let seven: Vec<Value> = (0..7).map(Value::from).collect();
    for limit in [1, 3, 7, 50] {
        assert_eq!(nobody.walk_pages("/lines", limit, |answer| &answer["data"]).await, seven);
        assert_eq!(nobody.walk_cursor("/lines", limit, |answer| &answer["data"]).await, seven);
    }
}
