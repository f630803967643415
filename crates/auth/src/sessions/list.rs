//! `GET /auth/sessions`: where the caller is signed in.

use axum::extract::State;
use chrono::{DateTime, Utc};
use common::{
    auth::Caller,
    http::{ApiError, Json, Page, PageQuery, Query},
    ids::SessionId,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::AuthState;

/// A session that goes on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnSessionView {
    session_id: SessionId,
    /// The one this request came with.
    current: bool,
    /// The browser or program of the sign-in, in its own words.
    device: Option<String>,
    ip: Option<String>,
    created_at: DateTime<Utc>,
    /// To within five minutes.
    last_seen_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

/// The caller's sessions
///
/// All that go on, the one seen last at the top.
#[utoipa::path(get, path = "/auth/sessions", tag = "sessions", params(PageQuery),
    responses((status = 200, body = Page<OwnSessionView>)))]
pub(crate) async fn list_sessions(
    State(auth): State<AuthState>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Json<Page<OwnSessionView>>, ApiError> {
    let offset = match &query.cursor {
        Some(cursor) => cursor
            .parse::<i64>()
            .ok()
            .filter(|offset| (0..=i64::from(u32::MAX)).contains(offset))
            .ok_or_else(|| ApiError::invalid("cursor", "is not a `next_cursor` of this list"))?,
        None => query.offset(),
    };
    let limit = i64::from(query.limit);
    let total = sqlx::query_scalar!(
        r#"select count(*) as "total!" from auth_sessions
         where account_id = $1 and ended_at is null and expires_at > now()"#,
        caller.account_id.uuid(),
    )
    .fetch_one(&auth.app.pool)
    .await?;
    let data = sqlx::query_as!(
        OwnSessionView,
        r#"select session_id as "session_id: SessionId", session_id = $2 as "current!", user_agent as device, ip, created_at,
             last_seen_at, expires_at
         from auth_sessions
         where account_id = $1 and ended_at is null and expires_at > now()
         order by last_seen_at desc, session_id
         limit $3 offset $4"#,
        caller.account_id.uuid(),
        caller.session_id.uuid(),
        limit,
        offset,
    )
    .fetch_all(&auth.app.pool)
    .await?;
    let end = offset.saturating_add(limit);
    Ok(Json(Page {
        data,
        total,
        page: query.page,
        limit: query.limit,
        has_more: end < total,
        next_cursor: (end < total).then(|| end.to_string()),
    }))
}
