//! Refresh tokens: each is good once, for the next one. Whoever comes with one that was used has stolen it, or was stolen
//! from; nobody can tell which, so the session ends for both (RFC 9700 4.14.2).

use chrono::{DateTime, Utc};
use common::ids::{AccountId, SessionId};
use sqlx::{PgConnection, PgPool};

use crate::secrets::{hash, random_text};

/// What a token was found to be.
pub(super) enum Found {
    /// It was good and is used now.
    Good(Family),
    /// It was used before, and its session goes on.
    Reused(Family),
    /// It is unknown or old, or its session has ended.
    Nothing,
}

/// The session that all tokens of a sign-in belong to.
pub(super) struct Family {
    pub(super) session_id: SessionId,
    pub(super) account_id: AccountId,
    pub(super) email: String,
    pub(super) expires_at: DateTime<Utc>,
}

/// A new token of the session, good as long as the session lasts. Forgets those of sessions long gone.
pub(super) async fn give(
    conn: &mut PgConnection,
    session: SessionId,
    expires_at: DateTime<Utc>,
) -> Result<String, sqlx::Error> {
    let token = random_text();
    sqlx::query!(
        "with forgotten as (
             delete from refresh_tokens
             where token_hash in (
                 select token_hash from refresh_tokens where expires_at < now() - interval '1 day' limit 100))
         insert into refresh_tokens (token_hash, session_id, expires_at) values ($1, $2, $3)",
        hash(&token),
        session.uuid(),
        expires_at,
    )
    .execute(conn)
    .await?;
    Ok(token)
}

/// Uses the token up, in the transaction that gives the next one. Of several at once one finds it good.
pub(super) async fn take(conn: &mut PgConnection, token: &str) -> Result<Found, sqlx::Error> {
    let token_hash = hash(token);
    let good = sqlx::query_as!(
        Family,
        r#"update refresh_tokens r
         set used_at = now()
         from auth_sessions s
         join accounts a on a.account_id = s.account_id and a.is_active
         where r.token_hash = $1 and r.used_at is null and r.expires_at > now()
             and s.session_id = r.session_id and s.ended_at is null and s.expires_at > now()
         returning s.session_id as "session_id: SessionId", s.account_id as "account_id: AccountId", a.email, s.expires_at"#,
        token_hash,
    )
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(family) = good {
        return Ok(Found::Good(family));
    }
    let reused = sqlx::query_as!(
        Family,
        r#"select s.session_id as "session_id: SessionId", s.account_id as "account_id: AccountId", a.email, s.expires_at
         from refresh_tokens r
         join auth_sessions s on s.session_id = r.session_id and s.ended_at is null and s.expires_at > now()
         join accounts a on a.account_id = s.account_id
         where r.token_hash = $1 and r.used_at is not null"#,
        token_hash,
    )
    .fetch_optional(conn)
    .await?;
    Ok(reused.map_or(Found::Nothing, Found::Reused))
}

/// The session a token is of, whatever the token is worth; for counting tries.
pub(super) async fn session_of(pool: &PgPool, token: &str) -> Result<Option<SessionId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select session_id as "session_id: SessionId" from refresh_tokens where token_hash = $1"#,
        hash(token),
    )
    .fetch_optional(pool)
    .await
}
