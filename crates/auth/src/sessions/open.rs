//! Opens a session and issues the tokens that stand for it.

use chrono::{DateTime, Duration, Utc};
use common::{
    auth::AppState,
    http::ApiError,
    ids::{AccountId, SessionId},
};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::{Device, refresh_token};

/// What a caller works with from now on.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Tokens {
    pub(crate) access_token: String,
    #[schema(example = "Bearer")]
    pub(crate) token_type: &'static str,
    /// Seconds the access token holds.
    pub(crate) expires_in: i64,
    /// Good once, for the next pair (`POST /auth/refresh`).
    pub(crate) refresh_token: String,
}

/// A new session and its tokens.
pub(crate) struct Opened {
    pub(crate) session_id: SessionId,
    pub(crate) tokens: Tokens,
}

/// A session for `account`, which refresh tokens prolong up to REFRESH_EXPIRATION_DAYS.
///
/// # Errors
/// The database is away.
pub(crate) async fn open(app: &AppState, account: AccountId, device: &Device) -> Result<Opened, ApiError> {
    let jwt = &app.settings.jwt;
    // A token that may live longer is not cut short by it.
    let lifetime = Duration::days(i64::from(jwt.refresh_expiration_days)).max(app.keys.lifetime());
    let expires_at = Utc::now() + lifetime;
    let mut tx = app.pool.begin().await?;
    let session_id = insert(&mut tx, account, device, expires_at).await?;
    let refresh_token = refresh_token::give(&mut tx, session_id, expires_at).await?;
    tx.commit().await?;
    let tokens = tokens(app, account, session_id, expires_at, refresh_token).await?;
    Ok(Opened { session_id, tokens })
}

/// A session without refresh tokens, that ends with its one access token: for a shell. The token.
///
/// # Errors
/// The database is away.
pub(crate) async fn open_for_shell(app: &AppState, account: AccountId, device: &Device) -> Result<String, ApiError> {
    let expires_at = Utc::now() + app.keys.lifetime();
    let mut conn = app.pool.acquire().await?;
    let session_id = insert(&mut conn, account, device, expires_at).await?;
    drop(conn);
    Ok(app.issue_token(account, session_id, expires_at).await?.0)
}

/// An access token of the session beside this refresh token.
pub(super) async fn tokens(
    app: &AppState,
    account: AccountId,
    session_id: SessionId,
    expires_at: DateTime<Utc>,
    refresh_token: String,
) -> Result<Tokens, ApiError> {
    let (access_token, claims) = app.issue_token(account, session_id, expires_at).await?;
    Ok(Tokens { access_token, token_type: "Bearer", expires_in: claims.exp - Utc::now().timestamp(), refresh_token })
}

async fn insert(
    conn: &mut PgConnection,
    account: AccountId,
    device: &Device,
    expires_at: DateTime<Utc>,
) -> Result<SessionId, sqlx::Error> {
    let session_id = SessionId::generate();
    sqlx::query!(
        "insert into auth_sessions (session_id, account_id, expires_at, user_agent, ip) values ($1, $2, $3, $4, $5)",
        session_id.uuid(),
        account.uuid(),
        expires_at,
        device.user_agent,
        device.ip_text(),
    )
    .execute(conn)
    .await?;
    Ok(session_id)
}
