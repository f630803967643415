//! Authorization codes: a minute long, good once, worth nothing without the PKCE verifier.

use sqlx::PgPool;

use crate::secrets::{hash, random_text};

/// What a code was given for.
#[derive(Debug)]
pub(super) struct Grant {
    pub(super) email: String,
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) code_challenge: String,
    pub(super) nonce: Option<String>,
}

/// A new code for the grant.
pub(super) async fn give(pool: &PgPool, grant: &Grant) -> Result<String, sqlx::Error> {
    let Grant { email, client_id, redirect_uri, code_challenge, nonce } = grant;
    let code = random_text();
    sqlx::query!(
        "with forgotten as (delete from dev_codes where expires_at < now() - interval '1 day')
         insert into dev_codes (code_hash, email, client_id, redirect_uri, code_challenge, nonce, expires_at)
         values ($1, $2, $3, $4, $5, $6, now() + interval '1 minute')",
        hash(&code),
        email,
        client_id,
        redirect_uri,
        code_challenge,
        nonce.as_deref(),
    )
    .execute(pool)
    .await?;
    Ok(code)
}

/// The grant of a code, which is thereby used up; `None` where it is unknown, used or old.
pub(super) async fn take(pool: &PgPool, code: &str) -> Result<Option<Grant>, sqlx::Error> {
    sqlx::query_as!(
        Grant,
        "update dev_codes set used_at = now()
         where code_hash = $1 and used_at is null and expires_at > now()
         returning email, client_id, redirect_uri, code_challenge, nonce",
        hash(code),
    )
    .fetch_optional(pool)
    .await
}
