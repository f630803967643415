//! Tests of extractors and layers, without a database.

use std::{collections::BTreeMap, time::Duration};

use axum::{
    body::{Body, to_bytes},
    http::{HeaderMap, Method, Request, StatusCode, header},
    response::IntoResponse,
};
use chrono::NaiveDate;
use garde::Validate;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;

use super::{ApiError, Json, Page, PageQuery, Query, ServiceMeta, app, document};
use crate::{auth::AppState, config::Settings};

#[derive(Debug, Deserialize, Validate, PartialEq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Events,
    Users,
}

#[derive(Debug, Deserialize, Validate)]
struct Body1 {
    #[garde(skip)]
    #[expect(dead_code, reason = "only its reading is tested")]
    start_date: NaiveDate,
    #[garde(skip)]
    #[expect(dead_code, reason = "only its reading is tested")]
    end_date: NaiveDate,
    #[garde(length(min = 1, max = 5))]
    name: String,
    #[garde(skip)]
    #[expect(dead_code, reason = "only its reading is tested")]
    kinds: Option<Vec<Kind>>,
}

#[derive(Debug, Deserialize, Validate)]
struct ListQuery {
    #[serde(flatten)]
    #[garde(dive)]
    page: PageQuery,
    #[garde(skip)]
    #[expect(dead_code, reason = "only its reading is tested")]
    start_date: Option<NaiveDate>,
    #[garde(skip)]
    #[expect(dead_code, reason = "only its reading is tested")]
    end_date: Option<NaiveDate>,
    #[garde(skip)]
    #[expect(dead_code, reason = "only its reading is tested")]
    kind: Option<Kind>,
}

const META: ServiceMeta = ServiceMeta { name: "test-service", title: "Test", description: "A test", version: "1.2.3" };

fn state() -> AppState {
    let vars: BTreeMap<String, String> = [
        ("POSTGRES_HOST", "127.0.0.1"),
        ("POSTGRES_PASSWORD", "owner"),
        ("POSTGRES_APP_PASSWORD", "app"),
        ("JWT_SECRET_KEY", "j"),
        ("SECRETS_KEY", "s"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    // Port 1 answers nobody: what needs the database must say that it is away.
    let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(1);
    let pool = PgPoolOptions::new().acquire_timeout(Duration::from_millis(300)).connect_lazy_with(options);
    AppState::new(pool, Settings::from_vars(&vars).unwrap())
}

#[derive(Debug, Deserialize, Validate)]
struct Outer {
    #[garde(skip)]
    inner: Option<Inner>,
}

#[derive(Debug, Deserialize)]
struct Inner {
    count: u32,
}

fn router() -> axum::Router {
    use axum::routing::{get, post};
    let api = OpenApiRouter::new()
        .route("/body", post(|Json(body): Json<Body1>| async move { body.name }))
        .route(
            "/nested",
            post(|Json(body): Json<Outer>| async move {
                body.inner.map(|inner| inner.count).unwrap_or_default().to_string()
            }),
        )
        .route(
            "/list",
            get(|Query(query): Query<ListQuery>| async move {
                Json(Page::<u8> {
                    data: vec![],
                    total: 3,
                    page: query.page.page,
                    limit: query.page.limit,
                    has_more: false,
                    next_cursor: None,
                })
            }),
        )
        .route(
            "/boom",
            get(|| async {
                if true {
                    panic!("the inside of things")
                }
            }),
        )
        .route("/fault", get(|| async { ApiError::Internal(anyhow::anyhow!("a password in a text")) }))
        .route("/forever", get(std::future::pending::<()>))
        .route("/slow", get(|| async { ApiError::TooManyRequests { retry_after: 7 } }))
        .route(
            "/db",
            get(|axum::extract::State(app): axum::extract::State<AppState>| async move {
                sqlx::query("select 1").execute(&app.pool).await.map(|_| "up").map_err(ApiError::from)
            }),
        )
        .route("/me", get(|_: crate::auth::Caller| async { "me" }));
    let streaming = OpenApiRouter::new().route(
        "/stream",
        post(|body: Body| async move {
            to_bytes(body, usize::MAX).await.map(|bytes| bytes.len().to_string()).map_err(|_| ApiError::TooLarge)
        }),
    );
    app(META, api, streaming, state())
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name}")).to_str().unwrap()
    }

    /// The wrong fields of a 422.
    fn fields(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", self.text);
        self.json()["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["field"].as_str().unwrap().to_owned())
            .collect()
    }
}

async fn send(request: Request<Body>) -> Answer {
    let response = router().oneshot(request).await.into_response();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
}

async fn get(path: &str) -> Answer {
    send(Request::get(path).body(Body::empty()).unwrap()).await
}

async fn post(path: &str, kind: &str, body: impl Into<Body>) -> Answer {
    send(Request::post(path).header(header::CONTENT_TYPE, kind).body(body.into()).unwrap()).await
}

#[tokio::test]
async fn all_wrong_fields_of_a_body_are_named_at_once() {
    let good = json!({"start_date": "2024-02-29", "end_date": "2024-03-01", "name": "abc", "kinds": ["users"]});
    assert_eq!(post("/body", "application/json", good.to_string()).await.text, "abc");
    let bad = json!({"start_date": "2023-02-29", "end_date": 7, "name": "", "kinds": ["events", "cats", "dogs"]});
    let answer = post("/body", "application/json; charset=utf-8", bad.to_string()).await;
    let mut fields = answer.fields();
    fields.sort();
    assert_eq!(fields, ["end_date", "kinds[1]", "kinds[2]", "name", "start_date"]);
    let answer = post("/body", "application/json", "{}").await;
    let mut fields = answer.fields();
    fields.sort();
    assert_eq!(fields, ["end_date", "name", "start_date"]);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    assert_eq!(answer.json()["instance"], "/body");
}

#[tokio::test]
async fn a_body_is_read_as_the_document_describes_it() {
    // Serde alone would take its fields one by one from an array.
    let answer = post("/body", "application/json", r#"["2024-02-29", "2024-03-01", "abc", null]"#).await;
    assert_eq!(answer.status, 422);
    assert!(answer.fields().iter().any(|field| field == "body"), "{}", answer.text);
    for (outer, is_read) in [
        (json!({"inner": {"count": 7}}), true),
        (json!({"inner": [7]}), false),
        // The same number in JSON.
        (json!({"inner": {"count": 7.0}}), true),
        (json!({"inner": {"count": 7.5}}), false),
        (json!({"inner": {"count": -7.0}}), false),
        (json!({"inner": {"count": 1e300}}), false),
    ] {
        assert_eq!(post("/nested", "application/json", outer.to_string()).await.status == 200, is_read, "{outer}");
    }
}

#[tokio::test]
async fn bodies_that_are_no_json_have_their_own_status() {
    assert_eq!(post("/body", "application/json", "{\"name\":").await.status, 400);
    assert_eq!(post("/body", "text/plain", "{}").await.status, 415);
    assert_eq!(send(Request::post("/body").body(Body::from("{}")).unwrap()).await.status, 415);
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(3 << 20));
    let answer = post("/body", "application/json", large.clone()).await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (StatusCode::PAYLOAD_TOO_LARGE, "application/problem+json")
    );
    // Without a length told beforehand the limit must hold while reading.
    let chunks = futures::stream::iter(
        large.into_bytes().chunks(65536).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect::<Vec<_>>(),
    );
    assert_eq!(post("/body", "application/json", Body::from_stream(chunks)).await.status, 413);
}

#[tokio::test]
async fn a_streaming_route_takes_any_length() {
    assert_eq!(post("/stream", "application/x-ndjson", vec![b'x'; 5 << 20]).await.text, (5 << 20).to_string());
}

#[tokio::test]
async fn all_wrong_query_parameters_are_named_at_once() {
    let answer = get("/list?page=0&limit=1001&start_date=2024-02-30&end_date=x&kind=cats&timezone_offset=60").await;
    let mut fields = answer.fields();
    fields.sort();
    assert_eq!(fields, ["end_date", "kind", "limit", "page", "start_date"]);
    assert_eq!(get("/list?page=2147483648999").await.fields(), ["page"]);
    assert_eq!(get("/list?page=-1&limit=ten").await.fields().len(), 2);
    assert_eq!(get("/list?kind=users&kind=events").await.fields(), ["kind"]);
    let answer = get("/list?page=2&limit=10&start_date=&kind=events&timezone_offset=-120").await;
    assert_eq!(
        answer.json(),
        json!({"data": [], "total": 3, "page": 2, "limit": 10, "has_more": false, "next_cursor": null})
    );
    assert_eq!(get("/list").await.json()["limit"], 50);
}

#[tokio::test]
async fn unknown_addresses_and_methods_are_problems() {
    // What opens a door is not repeated in an error.
    assert_eq!(get("/auth/invitations/gai_secret").await.json()["instance"], "/auth/invitations/***");
    let answer = get("/nothing/here").await;
    assert_eq!((answer.status, answer.json()["status"].as_u64()), (StatusCode::NOT_FOUND, Some(404)));
    assert_eq!(answer.json()["request_id"], answer.header("x-request-id"));
    let answer = get("/body").await;
    assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST"));
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn a_sane_request_id_is_taken_over_and_another_is_not() {
    let ask = |id: &str| Request::get("/health/live").header("x-request-id", id).body(Body::empty()).unwrap();
    assert_eq!(send(ask("abc-DEF_1.2")).await.header("x-request-id"), "abc-DEF_1.2");
    for insane in ["a b", "", "x;y", &"a".repeat(129)] {
        let answer = send(ask(insane)).await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{insane}");
    }
    assert!(get("/health/live").await.header("x-process-time").parse::<f64>().unwrap() < 5.0);
}

#[tokio::test]
async fn faults_of_ours_show_no_internals() {
    for path in ["/boom", "/fault"] {
        let answer = get(path).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (StatusCode::INTERNAL_SERVER_ERROR, "application/problem+json")
        );
        assert!(!answer.text.contains("inside") && !answer.text.contains("password"), "{}", answer.text);
        assert_eq!(answer.json()["instance"], path);
    }
    assert_eq!(get("/slow").await.header("retry-after"), "7");
}

#[tokio::test]
async fn a_database_that_is_away_is_a_503() {
    let answer = get("/db").await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    let ready = get("/health/ready").await;
    assert_eq!((ready.status, ready.json()["status"].as_str()), (StatusCode::SERVICE_UNAVAILABLE, Some("not_ready")));
    assert!(ready.json()["checks"]["database"] != "ok");
    assert_eq!(get("/health").await.json(), json!({"service": "test-service", "version": "1.2.3", "status": "ok"}));
}

/// The clock stands still and is moved on where everybody waits for it.
#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_a_503_and_a_streamed_body_may() {
    let answer = get("/forever").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("content-type"), "application/problem+json");
    let slowly = futures::stream::unfold(0, |sent| async move {
        tokio::time::sleep(Duration::from_secs(20)).await;
        (sent < 4).then(|| (Ok::<_, std::io::Error>("x"), sent + 1))
    });
    assert_eq!(post("/stream", "application/x-ndjson", Body::from_stream(slowly)).await.text, "4");
    let silent = futures::stream::pending::<Result<&str, std::io::Error>>();
    assert!(post("/stream", "application/x-ndjson", Body::from_stream(silent)).await.status.is_client_error());
}

#[tokio::test]
async fn without_a_token_the_answer_tells_how_to_authenticate() {
    let answer = get("/me").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
}

#[tokio::test]
async fn browsers_of_listed_origins_may_call() {
    let preflight = |origin: &str| {
        Request::builder()
            .method(Method::OPTIONS)
            .uri("/body")
            .header("origin", origin)
            .header("access-control-request-method", "PUT")
            .header(
                "access-control-request-headers",
                "authorization,content-type,x-tenant-id,x-api-key,idempotency-key",
            )
            .body(Body::empty())
            .unwrap()
    };
    let answer = send(preflight("http://localhost:3000")).await;
    assert_eq!(answer.header("access-control-allow-origin"), "http://localhost:3000");
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert!(answer.header("x-process-time").parse::<f64>().is_ok());
    let headers = answer.header("access-control-allow-headers");
    assert!(["authorization", "x-tenant-id", "x-api-key", "idempotency-key"].iter().all(|name| headers.contains(name)));
    assert!(send(preflight("http://evil.test")).await.headers.get("access-control-allow-origin").is_none());
    let refused =
        send(Request::get("/me").header("origin", "http://localhost:3000").body(Body::empty()).unwrap()).await;
    assert_eq!(refused.header("access-control-allow-origin"), "http://localhost:3000");
}

#[tokio::test]
async fn documentation_comes_from_the_binary_and_answers_are_guarded() {
    assert!(get("/docs").await.status.is_redirection());
    let page = get("/docs/").await;
    assert_eq!((page.status, page.header("x-content-type-options")), (StatusCode::OK, "nosniff"));
    assert!(!page.text.contains("//cdn") && !page.text.contains("https://"), "{}", page.text);
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    for asset in ["/docs/swagger-ui.css", "/docs/swagger-ui-bundle.js", "/docs/swagger-initializer.js"] {
        assert_eq!(get(asset).await.status, StatusCode::OK, "{asset}");
    }
    assert!(get("/docs/swagger-initializer.js").await.text.contains("/openapi.json"));
    let openapi = get("/openapi.json").await.json();
    assert!(openapi["openapi"].as_str().unwrap().starts_with("3.1"));
    assert_eq!(openapi["components"]["securitySchemes"]["tenant"]["name"], "X-Tenant-Id");
    assert!(get("/health").await.header("content-security-policy").starts_with("default-src 'none'"));
}

#[test]
fn the_printed_document_is_the_served_one() {
    let document = document::<AppState>(META, OpenApiRouter::new(), OpenApiRouter::new());
    let paths: Vec<_> = document.paths.paths.keys().cloned().collect();
    assert_eq!(paths, ["/", "/health", "/health/live", "/health/ready"]);
}
