//! `GET /analytics/history/session`.

use axum::{
    Extension,
    extract::{OriginalUri, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json, PROBLEM_JSON, Problem, RequestId},
};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::{
    params,
    repository::{self, SessionHistory},
    view::{CandidateView, HistoryEntryView},
};
use crate::params::Params;

/// Parameters of a visit's history, as they are documented.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what the handler reads")]
pub(crate) struct SessionHistoryParams {
    /// GA4's session id.
    #[param(example = "1761955200")]
    #[param(pattern = "^-?[0-9]{1,18}$")]
    session_id: String,
    /// The visitor, where several share the session id.
    user_pseudo_id: Option<String>,
    /// The newest so many entries.
    #[param(minimum = 1, maximum = 10_000, default = 1_000)]
    limit: Option<u32>,
}

/// Several visitors share the session id.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AmbiguousSession {
    #[serde(flatten)]
    problem: Problem,
    /// Who they are: ask again with one's `user_pseudo_id`.
    candidates: Vec<CandidateView>,
}

impl IntoResponse for AmbiguousSession {
    fn into_response(self) -> Response {
        (StatusCode::CONFLICT, [(header::CONTENT_TYPE, PROBLEM_JSON)], axum::Json(self)).into_response()
    }
}

/// A visit's history
///
/// The newest entries of one visit, oldest first. Two people's events are never mixed: a session id that several
/// visitors share is a conflict until `user_pseudo_id` says which is meant. Empty for a visit nobody saw.
#[utoipa::path(get, path = "/analytics/history/session", tag = "history", params(SessionHistoryParams), responses(
    (status = 200, body = Vec<HistoryEntryView>),
    (status = 409, description = "Several visitors share the session id", body = AmbiguousSession,
        content_type = "application/problem+json")))]
pub(crate) async fn get_session_history(
    State(app): State<AppState>,
    context: TenantContext,
    OriginalUri(uri): OriginalUri,
    Extension(RequestId(request_id)): Extension<RequestId>,
    mut params: Params,
) -> Result<Response, ApiError> {
    let session_id = params.needed("session_id");
    let number = session_id.parse::<i64>();
    if number.is_err() && !session_id.is_empty() {
        params.refuse("session_id", "is not a session id of GA4, which is a whole number");
    }
    let user_pseudo_id = params.text("user_pseudo_id");
    let limit = params::limit(&mut params);
    params.finish()?;
    let mut tx = context.tx(&app.pool).await?;
    let history = repository::of_session(&mut tx, &context, number.unwrap_or_default(), user_pseudo_id, limit).await?;
    let SessionHistory { events, candidates } = history;
    if candidates.is_empty() {
        return Ok(Json(events).into_response());
    }
    let detail = format!("{} visitors have the session id {session_id}; user_pseudo_id says which.", candidates.len());
    let problem = Problem {
        instance: uri.path().to_owned(),
        request_id,
        ..Problem::new(StatusCode::CONFLICT, "ambiguous-session", detail)
    };
    Ok(AmbiguousSession { problem, candidates }.into_response())
}
