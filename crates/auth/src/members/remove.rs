//! `DELETE /auth/tenants/{tenant_id}/members/{account_id}`: out on all three services within a second. The account and what
//! it did stay.

use axum::{extract::State, http::StatusCode};
use common::{
    auth::{Role, TenantContext, audit},
    http::{ApiError, Path},
    ids::{AccountId, TenantId},
};
use serde_json::json;

use super::{
    MemberPath,
    lock::{lock_members, require_another_owner},
    view::member,
};
use crate::{invitations::withdraw, state::AuthState};

/// Remove a member
///
/// Who was removed is not let in again by the domain of their address, only by an owner or an invitation.
#[utoipa::path(delete, path = "/auth/tenants/{tenant_id}/members/{account_id}", tag = "members",
    params(("tenant_id" = TenantId, Path), ("account_id" = AccountId, Path)), responses(
    (status = 204, description = "Removed"),
    (status = 409, description = "The tenant's last owner stays",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn remove_member(
    State(auth): State<AuthState>,
    context: TenantContext,
    Path(MemberPath { account_id }): Path<MemberPath>,
) -> Result<StatusCode, ApiError> {
    let tenant = context.tenant_id;
    let mut tx = context.tx(&auth.app.pool).await?;
    lock_members(tx.conn(), tenant).await?;
    let gone = member(tx.conn(), tenant, account_id).await?.ok_or_else(super::no_such_member)?;
    if gone.role == Role::Owner {
        require_another_owner(tx.conn(), tenant, account_id).await?;
    }
    sqlx::query!("delete from memberships where tenant_id = $1 and account_id = $2", tenant.uuid(), account_id.uuid())
        .execute(tx.conn())
        .await?;
    sqlx::query!(
        "insert into departed_members (tenant_id, account_id) values ($1, $2)
         on conflict (tenant_id, account_id) do update set departed_at = now()",
        tenant.uuid(),
        account_id.uuid(),
    )
    .execute(tx.conn())
    .await?;
    // Links that were sent to this address would be another way back in.
    withdraw(tx.conn(), tenant, &gone.email, None).await?;
    let details = json!({ "account_id": account_id, "role": gone.role, "branches": gone.branches });
    audit::note(tx.conn(), tenant, &context.actor, "member.removed", Some(&gone.email), details).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
