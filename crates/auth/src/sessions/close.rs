//! `DELETE /auth/sessions[/{session_id}]`: signs out elsewhere.

use axum::extract::State;
use common::{
    auth::{Actor, Caller},
    http::{ApiError, Json, Path, Query},
    ids::SessionId,
};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Device, Ending, end::end};
use crate::state::AuthState;

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct CloseQuery {
    /// `true`: the session of this request, too.
    #[serde(default)]
    #[garde(skip)]
    all: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClosedView {
    success: bool,
    message: String,
    /// How many sessions there were to end.
    ended: usize,
}

/// End one of the caller's sessions
///
/// Its tokens are refused by all three services within a second.
#[utoipa::path(delete, path = "/auth/sessions/{session_id}", tag = "sessions",
    params(("session_id" = SessionId, Path, description = "Of `GET /auth/sessions`")),
    responses(
        (status = 200, body = ClosedView),
        (status = 404, description = "No session of the caller's, or one that has ended",
            body = common::http::Problem, content_type = "application/problem+json"),
    ))]
pub(crate) async fn end_session(
    State(auth): State<AuthState>,
    caller: Caller,
    device: Device,
    Path(session_id): Path<SessionId>,
) -> Result<Json<ClosedView>, ApiError> {
    let actor = actor(&auth, caller, &device).await?;
    match end(&auth.app, caller.account_id, &[session_id], Ending::Ended, &actor).await? {
        0 => Err(ApiError::NotFound(String::from("There is no such session of yours."))),
        ended => Ok(Json(closed(ended))),
    }
}

/// End the caller's other sessions
///
/// All but the one of this request; with `all=true` that one, too.
#[utoipa::path(delete, path = "/auth/sessions", tag = "sessions", params(CloseQuery),
    responses((status = 200, body = ClosedView)))]
pub(crate) async fn end_sessions(
    State(auth): State<AuthState>,
    caller: Caller,
    device: Device,
    Query(query): Query<CloseQuery>,
) -> Result<Json<ClosedView>, ApiError> {
    let actor = actor(&auth, caller, &device).await?;
    let sessions = sqlx::query_scalar!(
        r#"select session_id as "session_id: SessionId" from auth_sessions
         where account_id = $1 and ended_at is null and expires_at > now() and ($3 or session_id <> $2)"#,
        caller.account_id.uuid(),
        caller.session_id.uuid(),
        query.all,
    )
    .fetch_all(&auth.app.pool)
    .await?;
    Ok(Json(closed(end(&auth.app, caller.account_id, &sessions, Ending::Ended, &actor).await?)))
}

async fn actor(auth: &AuthState, caller: Caller, device: &Device) -> Result<Actor, ApiError> {
    // The extractor has just looked, so this is remembered.
    let standing = auth.app.access.standing(caller.account_id, caller.session_id, None).await?;
    Ok(device.actor(caller.account_id, &standing.email))
}

fn closed(ended: usize) -> ClosedView {
    let message =
        if ended == 1 { String::from("1 session was ended.") } else { format!("{ended} sessions were ended.") };
    ClosedView { success: true, message, ended }
}
