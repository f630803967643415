//! `POST /data/events`: takes Measurement Protocol events, answered once they are committed.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use chrono::Utc;
use common::auth::{AppState, TenantContext};
use common::db::TenantTx;
use common::http::{ApiError, Json, JsonBytes};
use common::ids::TenantId;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::body::{self, MeasurementBody, Unreadable};
use super::check::CLOCK_SKEW;
use super::faults::RejectedEvent;
use super::fold::Waiting;
use super::idempotency::Keyed;
use super::number::number;
use super::receive::{Received, receive};
use super::settings::EventSettings;
use super::store::{Stored, store};
use crate::ingest::start::idempotency_key;

/// Largest body, in bytes.
pub const MOST_BYTES: usize = 1024 * 1024;
/// A larger body is judged on a thread of its own, so that other requests need not wait for it.
const SOON_READ: usize = 64 * 1024;

/// What became of the events: `accepted`, `duplicates` and the rejected ones are all that were sent.
#[derive(Debug, Serialize, ToSchema)]
pub struct PostedEvents {
    /// Taken. They are in the figures within two seconds.
    #[schema(minimum = 0)]
    pub accepted: u64,
    /// Known already: they change nothing.
    #[schema(minimum = 0)]
    pub duplicates: u64,
    /// Not taken, one entry an event.
    pub rejected: Vec<RejectedEvent>,
}

/// Post events in the form of GA4's Measurement Protocol: one object, or an array of them.
#[utoipa::path(
    post,
    path = "/data/events",
    tag = "events",
    params(("Idempotency-Key" = Option<String>, Header, min_length = 1, max_length = 200, pattern = "^[ -~]+$", description = "Sent again with the same body within 72 hours, it gets the same answer and nothing is done")),
    request_body(content = MeasurementBody, description = "At most 25 events an object, 1,000 events and 1 MiB in all"),
    responses((status = 202, description = "Each event was judged by itself; those accepted are committed", body = PostedEvents)),
)]
pub async fn post_events(
    State(app): State<AppState>,
    State(waiting): State<Waiting>,
    caller: TenantContext,
    headers: HeaderMap,
    JsonBytes(body): JsonBytes,
) -> Result<Response, ApiError> {
    let key = idempotency_key(&headers)?;
    let answer = take(&app, &waiting, caller.tenant_id, body, key.as_deref()).await?;
    Ok((StatusCode::ACCEPTED, Json(answer)).into_response())
}

/// Takes a body's events and commits them; answers what a caller is told.
///
/// # Errors
/// 413 for a body that is too large, 400 and 422 for one that is no such objects, 503 where the database is away.
pub(super) async fn take(
    app: &AppState,
    waiting: &Waiting,
    tenant: TenantId,
    body: Bytes,
    key: Option<&str>,
) -> Result<Value, ApiError> {
    let now = Utc::now().timestamp_micros();
    if body.len() > MOST_BYTES {
        return Err(ApiError::TooLarge);
    }
    let keyed = key.map(|key| Keyed::new(tenant, key, &body));
    let mut tx = TenantTx::begin(&app.pool, tenant).await?;
    if let Some(keyed) = &keyed
        && let Some(answer) = keyed.recall(tx.conn()).await?
    {
        return Ok(answer);
    }
    let settings = EventSettings::load(tx.conn(), tenant, now + CLOCK_SKEW).await?;
    let Received { events, passing, rejected } = judge(body, settings, now).await?;
    let (events, repeated) = number(events);
    let Stored { accepted, duplicates, waits } = store(tx.conn(), tenant, &events).await?;
    let answer = PostedEvents { accepted: accepted + passing, duplicates: duplicates + repeated, rejected };
    let answer = serde_json::to_value(answer).map_err(anyhow::Error::from)?;
    if let Some(keyed) = &keyed {
        keyed.keep(tx.conn(), &answer).await?;
    }
    tx.commit().await?;
    if waits {
        waiting.add(tenant);
    }
    Ok(answer)
}

async fn judge(body: Bytes, settings: EventSettings, now: i64) -> Result<Received, ApiError> {
    let large = body.len() > SOON_READ;
    let judged = move || body::read(&body).map(|messages| receive(&messages, &settings, now));
    let judged = if large { tokio::task::spawn_blocking(judged).await.map_err(anyhow::Error::from)? } else { judged() };
    judged.map_err(|unreadable| match unreadable {
        Unreadable::Malformed(reason) => ApiError::Malformed(reason),
        Unreadable::Invalid(faults) => ApiError::Invalid(faults),
    })
}
