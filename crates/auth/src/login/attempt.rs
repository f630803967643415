//! A sign-in under way, as a row that can be used once within ten minutes by the browser it began in.

use chrono::{DateTime, Duration, Utc};
use oauth2::PkceCodeChallenge;
use sqlx::PgPool;

use crate::secrets::{hash, random_text};

/// From the beginning of a sign-in to its end.
pub(super) const LIFETIME: Duration = Duration::minutes(10);

/// What the provider is told at the beginning.
pub(super) struct Begun {
    pub(super) state: String,
    pub(super) nonce: String,
    pub(super) challenge: PkceCodeChallenge,
}

/// What is needed at the end.
pub(super) struct Attempt {
    pub(super) code_verifier: String,
    pub(super) nonce: String,
    pub(super) redirect_uri: String,
}

/// Begins a sign-in that returns to `redirect_uri`, for the browser that holds `browser`. Forgets those of yesterday.
pub(super) async fn begin(pool: &PgPool, redirect_uri: &str, browser: &str) -> Result<Begun, sqlx::Error> {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let begun = Begun { state: random_text(), nonce: random_text(), challenge };
    let expires_at: DateTime<Utc> = Utc::now() + LIFETIME;
    sqlx::query!(
        "with forgotten as (delete from login_states where expires_at < now() - interval '1 day')
         insert into login_states (state_hash, code_verifier, nonce, redirect_uri, browser_hash, expires_at)
         values ($1, $2, $3, $4, $5, $6)",
        hash(&begun.state),
        verifier.secret(),
        begun.nonce,
        redirect_uri,
        hash(browser),
        expires_at,
    )
    .execute(pool)
    .await?;
    Ok(begun)
}

/// Takes a sign-in for good: whatever happens next, it cannot be used again. Without a `state`, the browser's newest.
/// `None` where it is unknown, used, old or another browser's; a foreign browser's try does not use it up.
pub(super) async fn take(pool: &PgPool, state: Option<&str>, browser: &str) -> Result<Option<Attempt>, sqlx::Error> {
    sqlx::query_as!(
        Attempt,
        "update login_states
         set used_at = now()
         where state_hash = (
                 select state_hash from login_states
                 where ($1::bytea is null or state_hash = $1)
                     and browser_hash = $2 and used_at is null and expires_at > now()
                 order by created_at desc
                 limit 1)
             and used_at is null
         returning code_verifier, nonce, redirect_uri",
        state.map(hash),
        hash(browser),
    )
    .fetch_optional(pool)
    .await
}
