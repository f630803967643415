//! The tenant extractor: who gets in, and that nobody can tell a foreign tenant from one that does not exist.

use std::collections::BTreeMap;

use axum::{
    Router,
    body::{Body, to_bytes},
    http::{HeaderMap, Request, StatusCode},
};
use chrono::{DateTime, Duration, Utc};
use common::{
    auth::{AppState, Needs, Role, TenantContext},
    config::Settings,
    http::{ApiError, Json, ServiceMeta, app},
    ids::{AccountId, SessionId, TenantId},
    tenants::{self, NewMember, NewTenant},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use testkit::db::TestDb;
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;

struct Service {
    db: TestDb,
    state: AppState,
    router: Router,
}

impl Service {
    async fn new() -> Self {
        let db = TestDb::new().await;
        let settings = &db.settings;
        let vars: BTreeMap<String, String> = [
            ("POSTGRES_HOST", settings.host.as_str()),
            ("POSTGRES_PASSWORD", settings.owner_password.expose_secret()),
            ("POSTGRES_APP_PASSWORD", settings.app_password.expose_secret()),
            ("JWT_SECRET_KEY", "only of this test"),
            ("SECRETS_KEY", "s"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let state = AppState::new(db.app.clone(), Settings::from_vars(&vars).unwrap());
        let api = OpenApiRouter::new()
            .route(
                "/view",
                axum::routing::get(|tenant: TenantContext| async move {
                    Json(json!({"tenant": tenant.tenant_id, "role": tenant.role.as_str(), "branches": tenant.branches}))
                }),
            )
            .route(
                "/manage",
                axum::routing::get(|tenant: TenantContext| async move {
                    tenant.require(Role::Manager)?;
                    Ok::<_, ApiError>("managed")
                }),
            )
            .layer(axum::Extension(Needs::Member(Role::Viewer, None)));
        let meta = ServiceMeta { name: "t", title: "t", description: "t", version: "0" };
        let router = app(meta, api, OpenApiRouter::new(), state.clone());
        Self { db, state, router }
    }

    /// A tenant with an owner and a viewer, whose accounts it answers.
    async fn tenant(&self, name: &str) -> (TenantId, AccountId, AccountId) {
        let owner = format!("owner@{name}.test");
        let viewer = format!("viewer@{name}.test");
        let member = |email: &str, role| NewMember { email: email.to_owned(), name: None, role };
        let tenant = NewTenant {
            tenant_id: None,
            name: name.to_owned(),
            time_zone: String::from("UTC"),
            currency: String::from("USD"),
            week_start: 1,
            members: vec![member(&owner, Role::Owner), member(&viewer, Role::Viewer)],
        };
        let id = tenants::create(&self.db.app, &tenant).await.unwrap();
        (id, self.account(&owner).await, self.account(&viewer).await)
    }

    async fn account(&self, email: &str) -> AccountId {
        sqlx::query_scalar("select account_id from accounts where email = $1")
            .bind(email)
            .fetch_one(&self.db.app)
            .await
            .unwrap()
    }

    /// A token with a session of its own.
    async fn token(&self, account: AccountId) -> (String, SessionId) {
        let session = SessionId::generate();
        let end: DateTime<Utc> = Utc::now() + Duration::hours(1);
        sqlx::query("insert into auth_sessions (session_id, account_id, expires_at) values ($1, $2, $3)")
            .bind(session)
            .bind(account)
            .bind(end)
            .execute(&self.db.app)
            .await
            .unwrap();
        (self.state.keys.issue(account, session, end).unwrap().0, session)
    }

    async fn get(&self, path: &str, token: &str, tenant: Option<&str>) -> (StatusCode, HeaderMap, Value) {
        let mut request = Request::get(path).header("authorization", format!("Bearer {token}"));
        if let Some(tenant) = tenant {
            request = request.header("x-tenant-id", tenant);
        }
        let response = self.router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap_or(Value::String(text)))
    }

    async fn run(&self, sql: &'static str, id: uuid::Uuid) {
        // As the owner, who is held by the walls as well: both names are given.
        let mut tx = self.db.owner.begin().await.unwrap();
        sqlx::query("select set_config('app.tenant_id', $1, true)")
            .bind(id.to_string())
            .execute(&mut *tx)
            .await
            .unwrap();
        assert_eq!(sqlx::query(sql).bind(id).execute(&mut *tx).await.unwrap().rows_affected(), 1);
        tx.commit().await.unwrap();
    }
}

#[tokio::test]
async fn a_member_gets_in_with_the_role_of_that_tenant() {
    let service = Service::new().await;
    let (one, owner, viewer) = service.tenant("one").await;
    let (owner_token, _) = service.token(owner).await;
    let (viewer_token, _) = service.token(viewer).await;
    let id = one.to_string();
    let (status, _, body) = service.get("/view", &owner_token, Some(&id)).await;
    assert_eq!((status, body), (StatusCode::OK, json!({"tenant": one, "role": "owner", "branches": null})));
    let (status, ..) = service.get("/manage", &owner_token, Some(&id.to_uppercase())).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(service.get("/view", &viewer_token, Some(&id)).await.0, StatusCode::OK);
    let (status, _, body) = service.get("/manage", &viewer_token, Some(&id)).await;
    assert_eq!((status, body["status"].as_u64()), (StatusCode::FORBIDDEN, Some(403)));
}

#[tokio::test]
async fn the_header_is_judged_after_the_token() {
    let service = Service::new().await;
    let (_, owner, _) = service.tenant("one").await;
    let (token, _) = service.token(owner).await;
    assert_eq!(service.get("/view", &token, None).await.0, StatusCode::BAD_REQUEST);
    for no_uuid in ["", "one", "00000000-0000-0000-0000-00000000000g", "'; select 1"] {
        assert_eq!(service.get("/view", &token, Some(no_uuid)).await.0, StatusCode::BAD_REQUEST, "{no_uuid}");
    }
    let (status, headers, _) = service.get("/view", "no token of ours", None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(headers.contains_key("www-authenticate"));
}

#[tokio::test]
async fn a_foreign_tenant_a_missing_one_and_a_closed_one_look_the_same() {
    let service = Service::new().await;
    let (own, owner, _) = service.tenant("one").await;
    let (foreign, ..) = service.tenant("two").await;
    let (token, _) = service.token(owner).await;
    let look = async |tenant: TenantId| {
        let (status, _, mut body) = service.get("/view", &token, Some(&tenant.to_string())).await;
        body["request_id"] = Value::Null;
        (status, body)
    };
    let missing = look(TenantId::generate()).await;
    assert_eq!(missing.0, StatusCode::NOT_FOUND);
    assert_eq!(look(foreign).await, missing);
    assert_eq!(look(own).await.0, StatusCode::OK);
    service.run("update tenants set is_active = false where tenant_id = $1", own.0).await;
    assert_eq!(look(own).await, missing);
}

#[tokio::test]
async fn an_ended_session_a_foreign_one_and_a_closed_account_are_refused() {
    let service = Service::new().await;
    let (tenant, owner, viewer) = service.tenant("one").await;
    let id = tenant.to_string();
    let refused = async |token: &str| {
        let (status, headers, _) = service.get("/view", token, Some(&id)).await;
        status == StatusCode::UNAUTHORIZED && headers.contains_key("www-authenticate")
    };
    let (token, session) = service.token(owner).await;
    assert!(!refused(&token).await);
    let (foreign, _) = service.state.keys.issue(viewer, session, Utc::now() + Duration::hours(1)).unwrap();
    assert!(refused(&foreign).await, "a session is of one account");
    service.run("update auth_sessions set ended_at = now() where session_id = $1", session.0).await;
    assert!(refused(&token).await);
    let (token, session) = service.token(owner).await;
    service.run("update auth_sessions set expires_at = now() where session_id = $1", session.0).await;
    assert!(refused(&token).await);
    let (token, _) = service.token(owner).await;
    service.run("update accounts set is_active = false where account_id = $1", owner.0).await;
    assert!(refused(&token).await);
}
