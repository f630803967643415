//! `POST /data/collect`: where senders of the Measurement Protocol can be pointed without a change. Like Google's own
//! address it never says what it thinks of a body.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use common::auth::AppState;
use common::auth::api_key::{Scope, VerifiedApiKey};
use common::http::ApiError;
use futures::StreamExt;

use super::fold::Waiting;
use super::post::{MOST_BYTES, take};

/// So much of a body that is too large is still read, so that its sender hears the answer.
const MOST_READ: usize = 16 * MOST_BYTES;
const LONGEST_BODY: Duration = Duration::from_secs(30);

/// Collect events from senders of GA4's Measurement Protocol: the body of `/data/events`, answered 204 whatever it holds.
#[utoipa::path(
    post,
    path = "/data/collect",
    tag = "events",
    params(
        ("measurement_id" = Option<String>, Query, description = "As senders have it; the key says whose events they are"),
        ("api_secret" = String, Query, description = "An API key with the scope `ingest` and no other"),
    ),
    request_body(content = super::body::MeasurementBody, description = "Of any content type"),
    responses(
        (status = 204, description = "Events that are good and new were taken"),
        (status = 401, description = "No key that holds, or one that may do more than ingest", content_type = "application/problem+json", body = common::http::Problem),
    )
)]
pub async fn collect_events(
    State(app): State<AppState>,
    State(waiting): State<Waiting>,
    RawQuery(query): RawQuery,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let key = key_of(&app, query.as_deref().unwrap_or_default()).await?;
    let Ok(Some(body)) = tokio::time::timeout(LONGEST_BODY, whole(body)).await else {
        return Ok(StatusCode::NO_CONTENT);
    };
    match take(&app, &waiting, key.tenant, body, None).await {
        // What is wrong with the body is not told.
        Ok(_) | Err(ApiError::Malformed(_) | ApiError::Invalid(_) | ApiError::TooLarge) => Ok(StatusCode::NO_CONTENT),
        Err(error) => Err(error),
    }
}

/// The key in the query. It stands where people and proxies read it, so it must open nothing but this.
async fn key_of(app: &AppState, query: &str) -> Result<VerifiedApiKey, ApiError> {
    let refused =
        || ApiError::Unauthorized("`api_secret` must be an API key with the scope ingest and no other.".into());
    let mut given = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name == "api_secret");
    let (Some((_, secret)), None) = (given.next(), given.next()) else { return Err(refused()) };
    let key = app.api_keys.verify(&app.pool, &secret).await?;
    if key.is_only(Scope::Ingest) { Ok(key) } else { Err(refused()) }
}

/// The body; none when it is too large or breaks off.
async fn whole(body: Body) -> Option<Bytes> {
    let mut chunks = body.into_data_stream();
    let mut whole = Vec::new();
    let mut read = 0;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.ok()?;
        read += chunk.len();
        if read > MOST_READ {
            return None;
        }
        if read <= MOST_BYTES {
            whole.extend_from_slice(&chunk);
        }
    }
    (read <= MOST_BYTES).then(|| whole.into())
}
