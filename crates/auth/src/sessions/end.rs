//! Ends sessions: from now on their tokens are refused by all three services, which hear of it within a second.

use common::{
    auth::{Actor, AppState},
    http::ApiError,
    ids::{AccountId, SessionId},
};
use serde_json::json;

use super::note::note_in_all;

/// Why a session ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    SignedOut,
    /// From the list of sessions.
    Ended,
    RefreshTokenReused,
}

impl Ending {
    /// As it is stored.
    const fn as_str(self) -> &'static str {
        match self {
            Self::SignedOut => "signed out",
            Self::Ended => "ended",
            Self::RefreshTokenReused => "refresh token reused",
        }
    }
}

/// Ends those of these sessions that belong to the account and go on, refresh tokens with them; the audit logs of the
/// person's tenants tell of each. How many there were.
///
/// # Errors
/// The database is away.
pub(super) async fn end(
    app: &AppState,
    account: AccountId,
    sessions: &[SessionId],
    why: Ending,
    actor: &Actor,
) -> Result<usize, ApiError> {
    let ids: Vec<_> = sessions.iter().map(|session| session.uuid()).collect();
    let ended = sqlx::query_scalar!(
        r#"update auth_sessions set ended_at = now(), ended_because = $3
         where account_id = $1 and session_id = any($2) and ended_at is null and expires_at > now()
         returning session_id as "session_id: SessionId""#,
        account.uuid(),
        &ids,
        why.as_str(),
    )
    .fetch_all(&app.pool)
    .await?;
    for session in &ended {
        let target = session.to_string();
        note_in_all(app, account, actor, "session.ended", Some(&target), &json!({ "because": why.as_str() })).await?;
    }
    Ok(ended.len())
}
