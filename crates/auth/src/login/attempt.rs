//! A sign-in under way, as a row that can be used once within ten minutes by the browser it began in.

use chrono::{DateTime, Duration, Utc};
use common::ids::TenantId;
use oauth2::PkceCodeChallenge;
use sqlx::PgPool;

use crate::{
    invitations::InvitationKey,
    secrets::{hash, random_text},
};

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
    /// The invitation whose link it began with.
    pub(super) invitation: Option<InvitationKey>,
}

struct AttemptRow {
    code_verifier: String,
    nonce: String,
    redirect_uri: String,
    invitation_tenant: Option<TenantId>,
    invitation_hash: Option<Vec<u8>>,
}

/// Begins a sign-in that returns to `redirect_uri`, for the browser that holds `browser`. Forgets those of yesterday.
pub(super) async fn begin(
    pool: &PgPool,
    redirect_uri: &str,
    browser: &str,
    invitation: Option<&InvitationKey>,
) -> Result<Begun, sqlx::Error> {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let begun = Begun { state: random_text(), nonce: random_text(), challenge };
    let expires_at: DateTime<Utc> = Utc::now() + LIFETIME;
    sqlx::query!(
        "with forgotten as (delete from login_states where expires_at < now() - interval '1 day')
         insert into login_states (state_hash, code_verifier, nonce, redirect_uri, browser_hash, expires_at,
             invitation_tenant, invitation_hash)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        hash(&begun.state),
        verifier.secret(),
        begun.nonce,
        redirect_uri,
        hash(browser),
        expires_at,
        invitation.map(|invitation| invitation.tenant.uuid()),
        invitation.map(|invitation| invitation.token_hash.as_slice()),
    )
    .execute(pool)
    .await?;
    Ok(begun)
}

/// Takes a sign-in for good: whatever happens next, it cannot be used again. Without a `state`, the browser's newest.
/// `None` where it is unknown, used, old or another browser's; a foreign browser's try does not use it up.
pub(super) async fn take(pool: &PgPool, state: Option<&str>, browser: &str) -> Result<Option<Attempt>, sqlx::Error> {
    let row = sqlx::query_as!(
        AttemptRow,
        r#"update login_states
         set used_at = now()
         where state_hash = (
                 select state_hash from login_states
                 where ($1::bytea is null or state_hash = $1)
                     and browser_hash = $2 and used_at is null and expires_at > now()
                 order by created_at desc
                 limit 1)
             and used_at is null
         returning code_verifier, nonce, redirect_uri, invitation_tenant as "invitation_tenant: TenantId", invitation_hash"#,
        state.map(hash),
        hash(browser),
    )
    .fetch_optional(pool)
    .await?;
    Ok(row.map(|row| {
        let AttemptRow { code_verifier, nonce, redirect_uri, invitation_tenant, invitation_hash } = row;
        let invitation = invitation_tenant.zip(invitation_hash);
        let invitation = invitation.map(|(tenant, token_hash)| InvitationKey { tenant, token_hash });
        Attempt { code_verifier, nonce, redirect_uri, invitation }
    }))
}
