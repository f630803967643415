//! Puts a service together: its routes, health, documentation, and the layers every request passes.

use std::{any::Any, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRef, Request},
    http::{HeaderName, HeaderValue, Method, StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
};
use tower::ServiceBuilder;
use tower_http::{
    catch_panic::CatchPanicLayer,
    compression::CompressionLayer,
    cors::{AllowOrigin, CorsLayer},
    limit::RequestBodyLimitLayer,
    request_id::{PropagateRequestIdLayer, SetRequestIdLayer},
    set_header::SetResponseHeaderLayer,
    timeout::{RequestBodyTimeoutLayer, TimeoutLayer},
    trace::TraceLayer,
};
use tracing::Span;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::{
    complete::{PROCESS_TIME, accept_request_id, complete, time},
    docs, health,
    problem::Problem,
    request_id,
};
use crate::{auth::AppState, config::Settings};

/// The longest a request may take, body included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// The longest silence inside a streamed body.
const STREAM_SILENCE: Duration = Duration::from_secs(60);
/// The largest body of an ordinary route, in bytes.
const BODY_LIMIT: usize = 2 * 1024 * 1024;
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";
/// What the documentation page needs: its own scripts, and styles it writes into itself.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What a service is called.
#[derive(Debug, Clone, Copy)]
pub struct ServiceMeta {
    /// The binary's name: `auth-service`.
    pub name: &'static str,
    pub title: &'static str,
    pub description: &'static str,
    pub version: &'static str,
}

/// The service as it is served.
///
/// `api` is held to 30 seconds and 2 MiB a body. `streaming` is not: its handlers bound what they read themselves, and
/// only a minute's silence inside a body ends it.
pub fn app<S>(meta: ServiceMeta, api: OpenApiRouter<S>, streaming: OpenApiRouter<S>, state: S) -> Router
where
    S: Clone + Send + Sync + 'static,
    AppState: FromRef<S>,
{
    let shared = AppState::from_ref(&state);
    let (api, api_document) = api.with_state(state.clone()).split_for_parts();
    let (streaming, streaming_document) = streaming.with_state(state).split_for_parts();
    let (health, health_document) = health::routes(meta).with_state(shared.clone()).split_for_parts();
    let mut document = api_document;
    document.merge(streaming_document);
    document.merge(health_document);
    let document = docs::finish(meta, document);
    let docs: Router = SwaggerUi::new("/docs").url("/openapi.json", document).config(Config::default()).into();

    let bounded = Router::new()
        .merge(api)
        .merge(health)
        .merge(docs.layer(policy(DOCS_POLICY)))
        .layer(RequestBodyLimitLayer::new(BODY_LIMIT))
        .layer(TimeoutLayer::with_status_code(StatusCode::SERVICE_UNAVAILABLE, REQUEST_TIMEOUT));
    let unbounded = streaming.layer(DefaultBodyLimit::disable()).layer(RequestBodyTimeoutLayer::new(STREAM_SILENCE));
    bounded.merge(unbounded).layer(
        // Outermost first.
        ServiceBuilder::new()
            .layer(middleware::from_fn(time))
            .layer(middleware::from_fn(accept_request_id))
            .layer(SetRequestIdLayer::new(request_id::HEADER, request_id::Fresh))
            .layer(PropagateRequestIdLayer::new(request_id::HEADER))
            .layer(
                TraceLayer::new_for_http()
                    .make_span_with(request_span)
                    .on_request(())
                    .on_response(answered)
                    .on_failure(()),
            )
            .layer(SetResponseHeaderLayer::overriding(
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ))
            .layer(SetResponseHeaderLayer::if_not_present(
                header::REFERRER_POLICY,
                HeaderValue::from_static("no-referrer"),
            ))
            .layer(policy(API_POLICY))
            .layer(cors(&shared.settings))
            .layer(CompressionLayer::new())
            .layer(middleware::from_fn(complete))
            .layer(CatchPanicLayer::custom(panicked)),
    )
}

/// The service's OpenAPI document, for the `openapi` sub-command and the committed copy.
pub fn document<S>(meta: ServiceMeta, api: OpenApiRouter<S>, streaming: OpenApiRouter<S>) -> OpenApi
where
    S: Clone + Send + Sync + 'static,
{
    let mut document = api.into_openapi();
    document.merge(streaming.into_openapi());
    document.merge(health::routes(meta).into_openapi());
    docs::finish(meta, document)
}

/// A Content-Security-Policy for answers that bring none of their own.
fn policy(value: &'static str) -> SetResponseHeaderLayer<HeaderValue> {
    SetResponseHeaderLayer::if_not_present(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(value))
}

fn cors(settings: &Settings) -> CorsLayer {
    // Settings hold literal origins only.
    let origins = settings.cors_origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            HeaderName::from_static("x-tenant-id"),
            HeaderName::from_static("x-api-key"),
            HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([
            request_id::HEADER,
            PROCESS_TIME,
            header::RETRY_AFTER,
            HeaderName::from_static("ratelimit-limit"),
            HeaderName::from_static("ratelimit-remaining"),
            HeaderName::from_static("ratelimit-reset"),
            // of previews of mails
            HeaderName::from_static("x-subject"),
        ])
        .max_age(Duration::from_secs(600))
}

/// One span a request and one line when it ends. The query is left out: it may hold names, terms and codes. Probes of
/// health come every few seconds and would bury everything else: they have no span, and their line is for debugging.
fn request_span(request: &Request) -> Span {
    if request.uri().path().starts_with("/health") {
        return Span::none();
    }
    let id = request.headers().get(request_id::HEADER).and_then(|id| id.to_str().ok()).unwrap_or_default();
    tracing::info_span!("request", method = %request.method(), path = shown(request.uri().path()), request_id = id)
}

/// A path without the secret that a link ends with: an invitation's, or that of who wants no more mails.
pub(super) fn shown(path: &str) -> &str {
    const LINKS: [(&str, &str); 2] = [
        ("/auth/invitations/", "/auth/invitations/***"),
        ("/analytics/email/unsubscribe/", "/analytics/email/unsubscribe/***"),
    ];
    LINKS.into_iter().find(|(link, _)| path.starts_with(link)).map_or(path, |(_, shown)| shown)
}

fn answered<B>(response: &axum::http::Response<B>, took: Duration, span: &Span) {
    let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let status = response.status().as_u16();
    if span.is_none() {
        tracing::debug!(status, milliseconds, "a probe was answered");
    } else {
        tracing::info!(status, milliseconds, "answered");
    }
}

/// The panic's text goes to the log; the client learns only that it happened.
fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no text");
    tracing::error!(panic = text, "a handler panicked");
    Problem::of_status(StatusCode::INTERNAL_SERVER_ERROR).into_response()
}
