//! From the provider's word to an account of ours: known by e-mail, or let in by an invitation or a domain; a member of at
//! least one tenant.

use common::{
    auth::AppState,
    db::AccountTx,
    http::ApiError,
    ids::{AccountId, TenantId},
    tenants,
};
use sqlx::PgPool;

use super::{provider::Identity, refusal::Refusal};
use crate::{
    invitations::{self, InvitationKey},
    sessions::Device,
    tenants::{MembershipRow, memberships},
};

/// An account that may sign in, and where it belongs.
pub(super) struct Person {
    pub(super) account_id: AccountId,
    pub(super) email: String,
    pub(super) first_name: Option<String>,
    pub(super) tenants: Vec<MembershipRow>,
    /// The tenant that it became a member of by its invitation just now.
    pub(super) invited_to: Option<TenantId>,
}

struct AccountRow {
    account_id: AccountId,
    email: String,
    first_name: Option<String>,
}

/// An account is made for who is let in by an invitation or a domain, and for nobody else.
///
/// # Errors
/// 403, in words for the person, where they have no account or no tenant, or the invitation is not for them; 429.
pub(super) async fn admit(
    app: &AppState,
    identity: Identity,
    invitation: Option<&InvitationKey>,
    device: &Device,
) -> Result<Person, Refusal> {
    let email = email_of(&identity)?;
    app.limits.of_account(&email)?;
    let invited_to = let_in(app, &identity, &email, invitation, device).await?;
    let account = refreshed(&app.pool, &email, identity).await?.ok_or_else(|| no_tenant(&email))?;
    let mut tx = AccountTx::begin(&app.pool, account.account_id).await?;
    let tenants = memberships(tx.conn(), account.account_id).await?;
    if tenants.is_empty() {
        return Err(no_tenant(&email));
    }
    let AccountRow { account_id, email, first_name } = account;
    Ok(Person { account_id, email, first_name, tenants, invited_to })
}

/// The address the provider tells, unless it says itself that it is not the person's.
fn email_of(identity: &Identity) -> Result<String, Refusal> {
    let email = identity.email.as_deref().map(|email| email.trim().to_lowercase());
    let email = email.filter(|email| !email.is_empty() && email.len() <= 320 && !email.contains('\0'));
    let email = email.ok_or_else(|| {
        let words = "The provider did not tell your e-mail address, by which you are known here.";
        Refusal::of("no e-mail address", None, ApiError::Forbidden(words.to_owned()))
    })?;
    if identity.email_verified == Some(false) {
        return Err(unconfirmed(email));
    }
    Ok(email)
}

/// Makes memberships that the address is entitled to. Only a confirmed one is entitled to any: else whoever registers
/// somebody's address at the provider would be let in in their place.
async fn let_in(
    app: &AppState,
    identity: &Identity,
    email: &str,
    invitation: Option<&InvitationKey>,
    device: &Device,
) -> Result<Option<TenantId>, Refusal> {
    let is_confirmed = identity.email_verified == Some(true);
    if let Some(key) = invitation {
        if !is_confirmed {
            return Err(unconfirmed(email.to_owned()));
        }
        let not_invited = |answer| match answer {
            ApiError::Forbidden(_) => Refusal::of("not invited", Some(email.to_owned()), answer),
            other => Refusal::from(other),
        };
        // Before an account is made.
        invitations::check_key(&app.pool, key, email).await.map_err(not_invited)?;
        let Some(account) = account(&app.pool, email, identity).await? else { return Err(no_tenant(email)) };
        let actor = device.actor(account, email);
        let tenant = invitations::accept_key(&app.pool, key, email, account, &actor).await.map_err(not_invited)?;
        tracing::info!(account_id = %account, tenant_id = %tenant, "joined by invitation");
        return Ok(Some(tenant));
    }
    if is_confirmed
        && invitations::is_of_allowed_domain(&app.pool, email).await?
        && let Some(account) = account(&app.pool, email, identity).await?
    {
        let actor = device.actor(account, email);
        for tenant in invitations::join_by_domain(&app.pool, email, account, &actor).await? {
            tracing::info!(account_id = %account, tenant_id = %tenant, "joined by domain");
        }
    }
    Ok(None)
}

/// The active account of this address, made where there is none; `None` where it was deactivated.
async fn account(pool: &PgPool, email: &str, identity: &Identity) -> Result<Option<AccountId>, sqlx::Error> {
    let mut conn = pool.acquire().await?;
    let account = tenants::account(&mut conn, email, identity.name.as_deref()).await?;
    let is_active = sqlx::query_scalar!("select is_active from accounts where account_id = $1", account.uuid())
        .fetch_one(&mut *conn)
        .await?;
    Ok(is_active.then_some(account))
}

/// The active account of this address, with names filled in from the provider where we have none.
async fn refreshed(pool: &PgPool, email: &str, identity: Identity) -> Result<Option<AccountRow>, sqlx::Error> {
    let Identity { name, given_name, locale, .. } = identity;
    sqlx::query_as!(
        AccountRow,
        r#"update accounts
         set name = coalesce(name, $2), first_name = coalesce(first_name, $3), language = coalesce(language, $4),
             updated_at = now()
         where email = $1 and is_active
         returning account_id as "account_id: AccountId", email, first_name"#,
        email,
        name,
        given_name,
        locale,
    )
    .fetch_optional(pool)
    .await
}

fn unconfirmed(email: String) -> Refusal {
    let words = "Your e-mail address is not confirmed at the provider yet. Confirm it there, then sign in again.";
    Refusal::of("e-mail address not confirmed", Some(email), ApiError::Forbidden(words.to_owned()))
}

/// The same words for an unknown address and for a person without a tenant.
fn no_tenant(email: &str) -> Refusal {
    let answer = ApiError::Forbidden(format!(
        "You are signed in as {email}, but this address does not belong to any company here. Ask the person who runs \
         the system at your company to add it, or sign in with another address."
    ));
    Refusal::of("member of no tenant", Some(email.to_owned()), answer)
}
