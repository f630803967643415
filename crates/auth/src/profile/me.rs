//! `GET /auth/me`.

use axum::extract::State;
use chrono::{DateTime, Utc};
use common::{
    auth::Caller,
    db::AccountTx,
    http::{ApiError, Json},
    ids::{AccountId, SessionId},
};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use crate::{
    state::AuthState,
    tenants::{TenantRoleView, memberships},
};

/// The caller, where they belong, and the session they call with.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MeView {
    account_id: AccountId,
    email: String,
    name: Option<String>,
    first_name: Option<String>,
    language: Option<String>,
    time_zone: Option<String>,
    tenants: Vec<TenantRoleView>,
    session: SessionView,
}

#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SessionView {
    session_id: SessionId,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    user_agent: Option<String>,
    ip: Option<String>,
}

struct MeRow {
    email: String,
    name: Option<String>,
    first_name: Option<String>,
    language: Option<String>,
    time_zone: Option<String>,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    user_agent: Option<String>,
    ip: Option<String>,
}

/// The caller's profile
#[utoipa::path(get, path = "/auth/me", tag = "profile", responses((status = 200, body = MeView)))]
pub(crate) async fn me(State(auth): State<AuthState>, caller: Caller) -> Result<Json<MeView>, ApiError> {
    let Caller { account_id, session_id } = caller;
    let mut tx = AccountTx::begin(&auth.app.pool, account_id).await?;
    Ok(Json(read(tx.conn(), account_id, session_id).await?))
}

/// The profile as it is now; `conn` is of an [`AccountTx`] of this account.
///
/// # Errors
/// The database is away.
pub(super) async fn read(
    conn: &mut PgConnection,
    account_id: AccountId,
    session_id: SessionId,
) -> Result<MeView, sqlx::Error> {
    let row = sqlx::query_as!(
        MeRow,
        "select a.email, a.name, a.first_name, a.language, a.time_zone, s.created_at, s.expires_at, s.user_agent, s.ip
         from accounts a
         join auth_sessions s on s.account_id = a.account_id
         where a.account_id = $1 and s.session_id = $2",
        account_id.uuid(),
        session_id.uuid(),
    )
    .fetch_one(&mut *conn)
    .await?;
    let tenants = memberships(conn, account_id).await?;
    let MeRow { email, name, first_name, language, time_zone, created_at, expires_at, user_agent, ip } = row;
    Ok(MeView {
        account_id,
        email,
        name,
        first_name,
        language,
        time_zone,
        tenants: tenants.into_iter().map(TenantRoleView::from).collect(),
        session: SessionView { session_id, created_at, expires_at, user_agent, ip },
    })
}
