//! From the provider's word to an account of ours: matched by e-mail, a member of at least one tenant.

use common::{auth::AppState, db::AccountTx, http::ApiError, ids::AccountId};
use sqlx::PgPool;

use super::provider::Identity;
use crate::tenants::{MembershipRow, memberships};

/// An account that may sign in, and where it belongs.
pub(super) struct Person {
    pub(super) account_id: AccountId,
    pub(super) email: String,
    pub(super) first_name: Option<String>,
    pub(super) tenants: Vec<MembershipRow>,
}

struct AccountRow {
    account_id: AccountId,
    email: String,
    first_name: Option<String>,
}

/// # Errors
/// 403, in words for the person, where they have no account or no tenant. No account is ever made here.
pub(super) async fn admit(app: &AppState, identity: Identity) -> Result<Person, ApiError> {
    let Identity { email, email_verified, name, given_name, locale } = identity;
    let email = email.map(|email| email.trim().to_lowercase()).filter(|email| !email.is_empty()).ok_or_else(|| {
        ApiError::Forbidden(String::from("The provider did not tell your e-mail address, by which you are known here."))
    })?;
    if email_verified == Some(false) {
        return Err(ApiError::Forbidden(String::from(
            "Your e-mail address is not confirmed at the provider yet. Confirm it there, then sign in again.",
        )));
    }
    let account = refreshed(&app.pool, &email, name, given_name, locale).await?.ok_or_else(|| no_tenant(&email))?;
    let mut tx = AccountTx::begin(&app.pool, account.account_id).await?;
    let tenants = memberships(tx.conn(), account.account_id).await?;
    if tenants.is_empty() {
        return Err(no_tenant(&email));
    }
    let AccountRow { account_id, email, first_name } = account;
    Ok(Person { account_id, email, first_name, tenants })
}

/// The active account of this address, with names filled in from the provider where we have none.
async fn refreshed(
    pool: &PgPool,
    email: &str,
    name: Option<String>,
    given_name: Option<String>,
    locale: Option<String>,
) -> Result<Option<AccountRow>, sqlx::Error> {
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

/// The same words for an unknown address and for a person without a tenant.
fn no_tenant(email: &str) -> ApiError {
    ApiError::Forbidden(format!(
        "You are signed in as {email}, but this address does not belong to any company here. Ask the person who runs \
         the system at your company to add it, or sign in with another address."
    ))
}
