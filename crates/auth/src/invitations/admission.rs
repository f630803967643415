//! Who may enter: by an invitation to their address, or because their address is of a domain that a tenant allows.

use common::{
    auth::{Actor, Role, audit},
    db::TenantTx,
    http::ApiError,
    ids::{AccountId, InvitationId, TenantId},
};
use serde_json::json;
use sqlx::PgPool;

use super::token::InvitationKey;
use crate::members::{lock_members, rejoined};

/// An invitation that holds, before anybody said who they are.
struct InvitationRow {
    invitation_id: InvitationId,
    email: String,
    role: Role,
    branches: Option<Vec<String>>,
    is_accepted: bool,
    is_revoked: bool,
    is_expired: bool,
}

/// Makes the account a member of the tenant that the token invites to; good once. `email` is the address that the provider
/// confirmed, in lower case.
///
/// # Errors
/// 403, in words for the person, where it is unknown, used, old, revoked or for another address; 503 where the database is
/// away.
pub async fn accept(
    pool: &PgPool,
    token: &str,
    email: &str,
    account: AccountId,
    actor: &Actor,
) -> Result<TenantId, ApiError> {
    let key = InvitationKey::of(token).ok_or_else(unknown)?;
    accept_key(pool, &key, email, account, actor).await
}

/// The same for a token of which only the tenant and the hash were kept.
///
/// # Errors
/// As [`accept`].
pub async fn accept_key(
    pool: &PgPool,
    key: &InvitationKey,
    email: &str,
    account: AccountId,
    actor: &Actor,
) -> Result<TenantId, ApiError> {
    let tenant = key.tenant;
    let mut tx = TenantTx::begin(pool, tenant).await?;
    lock_members(tx.conn(), tenant).await?;
    let invitation = holding(&mut tx, key, email).await?;
    // Who is a member already, by their domain for instance, never has less than before.
    sqlx::query!(
        "insert into memberships as m (tenant_id, account_id, role, branches) values ($1, $2, $3, $4)
         on conflict (tenant_id, account_id) do update set role = excluded.role, branches = excluded.branches
         where array_position(array['viewer', 'manager', 'owner'], m.role)
             < array_position(array['viewer', 'manager', 'owner'], excluded.role)",
        tenant.uuid(),
        account.uuid(),
        invitation.role.as_str(),
        invitation.branches.as_deref(),
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "update invitations set accepted_at = now(), accepted_by = $3 where tenant_id = $1 and invitation_id = $2",
        tenant.uuid(),
        invitation.invitation_id.uuid(),
        account.uuid(),
    )
    .execute(tx.conn())
    .await?;
    rejoined(tx.conn(), tenant, account).await?;
    let details = json!({
        "by": "invitation", "invitation_id": invitation.invitation_id, "role": invitation.role,
        "branches": invitation.branches,
    });
    audit::note(tx.conn(), tenant, actor, "member.joined", Some(email), details).await?;
    tx.commit().await?;
    Ok(tenant)
}

/// Whether [`accept_key`] would let this address in now; changes nothing.
///
/// # Errors
/// As [`accept`].
pub async fn check_key(pool: &PgPool, key: &InvitationKey, email: &str) -> Result<(), ApiError> {
    let mut tx = TenantTx::begin(pool, key.tenant).await?;
    holding(&mut tx, key, email).await.map(|_| ())
}

/// Makes the account a member of every active tenant that lets in everybody of the address's domain and where it is none
/// yet; those which it left, or was removed from, are left out. Only for an address that a provider confirmed.
///
/// # Errors
/// 503 where the database is away.
pub async fn join_by_domain(
    pool: &PgPool,
    email: &str,
    account: AccountId,
    actor: &Actor,
) -> Result<Vec<TenantId>, ApiError> {
    let mut joined = Vec::new();
    for (tenant, role) in tenants_of_domain(pool, email).await? {
        let mut tx = TenantTx::begin(pool, tenant).await?;
        lock_members(tx.conn(), tenant).await?;
        let added = sqlx::query!(
            "insert into memberships (tenant_id, account_id, role)
             select d.tenant_id, $2, d.role
             from tenant_domains d
             join tenants t on t.tenant_id = d.tenant_id and t.is_active
             where d.tenant_id = $1 and d.domain = $3
                 and not exists (select from departed_members p where p.tenant_id = $1 and p.account_id = $2)
             on conflict (tenant_id, account_id) do nothing",
            tenant.uuid(),
            account.uuid(),
            domain_of(email),
        )
        .execute(tx.conn())
        .await?
        .rows_affected();
        if added > 0 {
            let details = json!({ "by": "domain", "role": role });
            audit::note(tx.conn(), tenant, actor, "member.joined", Some(email), details).await?;
            tx.commit().await?;
            joined.push(tenant);
        }
    }
    Ok(joined)
}

/// Whether some active tenant lets in everybody of the address's domain.
///
/// # Errors
/// 503 where the database is away.
pub async fn is_of_allowed_domain(pool: &PgPool, email: &str) -> Result<bool, ApiError> {
    for (tenant, _) in tenants_of_domain(pool, email).await? {
        let mut tx = TenantTx::begin(pool, tenant).await?;
        let active = sqlx::query_scalar!("select is_active from tenants where tenant_id = $1", tenant.uuid())
            .fetch_optional(tx.conn())
            .await?;
        if active == Some(true) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The domain of an address, in lower case; empty where it has none.
pub(crate) fn domain_of(email: &str) -> String {
    email.trim().rsplit_once('@').map(|(_, domain)| domain.to_lowercase()).unwrap_or_default()
}

/// Tenants that allow the address's domain, active or not.
async fn tenants_of_domain(pool: &PgPool, email: &str) -> Result<Vec<(TenantId, String)>, ApiError> {
    let domain = domain_of(email);
    if domain.is_empty() {
        return Ok(Vec::new());
    }
    let mut tx = pool.begin().await?;
    sqlx::query!("select set_email_domain($1)", domain).execute(&mut *tx).await?;
    let rows = sqlx::query!(
        r#"select tenant_id as "tenant_id: TenantId", role from tenant_domains where domain = $1 order by tenant_id"#,
        domain,
    )
    .fetch_all(&mut *tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.tenant_id, row.role)).collect())
}

/// The invitation, held until the transaction ends, if it lets this address in.
async fn holding(tx: &mut TenantTx, key: &InvitationKey, email: &str) -> Result<InvitationRow, ApiError> {
    let invitation = sqlx::query_as!(
        InvitationRow,
        r#"select i.invitation_id as "invitation_id: InvitationId", i.email, i.role as "role: Role", i.branches, i.accepted_at is not null as "is_accepted!",
             i.revoked_at is not null as "is_revoked!", i.expires_at <= now() as "is_expired!"
         from invitations i
         join tenants t on t.tenant_id = i.tenant_id and t.is_active
         where i.tenant_id = $1 and i.token_hash = $2
         for update of i"#,
        key.tenant.uuid(),
        key.token_hash,
    )
    .fetch_optional(tx.conn())
    .await?
    .ok_or_else(unknown)?;
    let fault = if invitation.is_accepted {
        "This invitation was used already. If that was you, sign in without it; else ask for another one."
    } else if invitation.is_revoked {
        "This invitation was withdrawn. Ask whoever invited you for another one."
    } else if invitation.is_expired {
        "This invitation has expired. Ask whoever invited you for another one."
    } else if invitation.email != email.trim().to_lowercase() {
        "This invitation is for another e-mail address than the one you signed in with. Sign in with the address it was \
         sent to, or ask for an invitation to yours."
    } else {
        return Ok(invitation);
    };
    Err(ApiError::Forbidden(fault.to_owned()))
}

fn unknown() -> ApiError {
    ApiError::Forbidden(String::from("There is no such invitation. Ask whoever invited you for another one."))
}
