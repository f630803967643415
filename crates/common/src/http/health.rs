//! Health: who this is, whether the process lives, whether it can work.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use serde::Serialize;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Json, app::ServiceMeta};
use crate::{auth::AppState, db::schema, jobs};

/// A probe that waits longer than its caller is no answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who answers.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HealthView {
    #[schema(example = "auth-service")]
    service: &'static str,
    version: &'static str,
    #[schema(example = "ok")]
    status: &'static str,
}

/// Whether the service can do its work.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ReadyView {
    /// `ready` or `not_ready`.
    status: &'static str,
    checks: Checks,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Checks {
    /// `ok`, or what is wrong.
    database: String,
    schema: String,
    queue: String,
}

/// The health routes of a service, open to everybody.
pub(super) fn routes(meta: ServiceMeta) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(root))
        .routes(routes!(health))
        .routes(routes!(live))
        .routes(routes!(ready))
        .layer(axum::Extension(meta))
}

/// Who this is
#[utoipa::path(get, path = "/", tag = "health", responses((status = 200, body = HealthView)))]
async fn root(axum::Extension(meta): axum::Extension<ServiceMeta>) -> Json<HealthView> {
    Json(HealthView { service: meta.name, version: meta.version, status: "ok" })
}

/// Who this is, and that it answers
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = HealthView)))]
async fn health(meta: axum::Extension<ServiceMeta>) -> Json<HealthView> {
    root(meta).await
}

/// Whether the process lives; asks nothing else
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, body = HealthView)))]
async fn live(meta: axum::Extension<ServiceMeta>) -> Json<HealthView> {
    root(meta).await
}

/// Whether database, schema and queue are as this build needs them
#[utoipa::path(get, path = "/health/ready", tag = "health", responses(
    (status = 200, body = ReadyView),
    (status = 503, description = "Something it needs is away", body = ReadyView),
))]
async fn ready(State(app): State<AppState>) -> (StatusCode, Json<ReadyView>) {
    let checks = Checks {
        database: verdict(async { sqlx::query("select 1").execute(&app.pool).await.map(|_| ()) }, "away").await,
        schema: verdict(schema::check(&app.pool), "").await,
        queue: verdict(jobs::check(&app.pool), "away").await,
    };
    let ready = [&checks.database, &checks.schema, &checks.queue].iter().all(|check| *check == "ok");
    let (status, word) = if ready { (StatusCode::OK, "ready") } else { (StatusCode::SERVICE_UNAVAILABLE, "not_ready") };
    (status, Json(ReadyView { status: word, checks }))
}

/// `ok`, or words without internals; the log has the rest.
async fn verdict<E: std::fmt::Display>(check: impl Future<Output = Result<(), E>>, words: &str) -> String {
    match timeout(PATIENCE, check).await {
        Ok(Ok(())) => String::from("ok"),
        Ok(Err(error)) => {
            tracing::warn!(%error, "a readiness check failed");
            if words.is_empty() { first_line(&error.to_string()) } else { words.to_owned() }
        }
        Err(_) => String::from("no answer in time"),
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
