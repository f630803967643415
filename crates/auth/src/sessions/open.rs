//! Opens a session and issues the token that stands for it.

use anyhow::Context;
use chrono::{DateTime, Utc};
use common::{
    auth::AppState,
    http::ApiError,
    ids::{AccountId, SessionId},
};

use super::Device;

/// A new session and its token.
pub(crate) struct Opened {
    pub(crate) session_id: SessionId,
    pub(crate) access_token: String,
    /// Seconds since 1970.
    pub(crate) token_expires_at: i64,
}

/// A session for `account`, that ends with its token.
///
/// # Errors
/// The database is away.
pub(crate) async fn open(app: &AppState, account: AccountId, device: Device) -> Result<Opened, ApiError> {
    let Device { user_agent, ip } = device;
    let session_id = SessionId::generate();
    let expires_at: DateTime<Utc> = Utc::now() + app.keys.lifetime();
    sqlx::query!(
        "insert into auth_sessions (session_id, account_id, expires_at, user_agent, ip) values ($1, $2, $3, $4, $5)",
        session_id.uuid(),
        account.uuid(),
        expires_at,
        user_agent,
        ip,
    )
    .execute(&app.pool)
    .await?;
    let (access_token, claims) =
        app.keys.issue(account, session_id, expires_at).context("a token could not be signed")?;
    Ok(Opened { session_id, access_token, token_expires_at: claims.exp })
}
