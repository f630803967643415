//! `PATCH /auth/tenants/{tenant_id}/members/{account_id}`: another role, other branches. Every service goes by it within a
//! second.

use axum::extract::State;
use common::{
    auth::{Role, TenantContext, audit},
    http::{ApiError, Given, Json, Path, given},
    ids::{AccountId, TenantId},
};
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    MemberPath,
    branches::checked_branches,
    lock::{lock_members, require_another_owner},
    role::MemberRole,
    view::{MemberView, member},
};
use crate::state::AuthState;

/// What to change; what is left out stays.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MemberBody {
    /// With another role than manager, a limit to branches goes.
    #[garde(skip)]
    role: Option<MemberRole>,
    /// The branches a manager is limited to; null = all.
    #[serde(default, deserialize_with = "given")]
    #[garde(skip)]
    #[schema(value_type = Option<Vec<String>>)]
    branches: Given<Vec<String>>,
}

/// Change a member's role or branches
#[utoipa::path(patch, path = "/auth/tenants/{tenant_id}/members/{account_id}", tag = "members",
    params(("tenant_id" = TenantId, Path), ("account_id" = AccountId, Path)), request_body = MemberBody, responses(
    (status = 200, description = "The member as it is now", body = MemberView),
    (status = 409, description = "The tenant's last owner stays one",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn change_member(
    State(auth): State<AuthState>,
    context: TenantContext,
    Path(MemberPath { account_id }): Path<MemberPath>,
    Json(body): Json<MemberBody>,
) -> Result<Json<MemberView>, ApiError> {
    let tenant = context.tenant_id;
    let mut tx = context.tx(&auth.app.pool).await?;
    lock_members(tx.conn(), tenant).await?;
    let before = member(tx.conn(), tenant, account_id).await?.ok_or_else(super::no_such_member)?;
    let MemberBody { role, branches } = body;
    let role = role.map_or(before.role, Role::from);
    let branches = match branches {
        Given::Kept if role == Role::Manager => before.branches.clone(),
        Given::Kept | Given::Removed => None,
        Given::New(branches) => checked_branches(tx.conn(), tenant, role, Some(branches)).await?,
    };
    if (role, &branches) == (before.role, &before.branches) {
        return Ok(Json(before));
    }
    if before.role == Role::Owner && role != Role::Owner {
        require_another_owner(tx.conn(), tenant, account_id).await?;
    }
    sqlx::query!(
        "update memberships set role = $3, branches = $4 where tenant_id = $1 and account_id = $2",
        tenant.uuid(),
        account_id.uuid(),
        role.as_str(),
        branches.as_deref(),
    )
    .execute(tx.conn())
    .await?;
    let after = MemberView { role, branches, ..before.clone() };
    let details = json!({
        "account_id": account_id,
        "from": { "role": before.role, "branches": before.branches },
        "to": { "role": after.role, "branches": after.branches },
    });
    audit::note(tx.conn(), tenant, &context.actor, "member.changed", Some(&after.email), details).await?;
    tx.commit().await?;
    Ok(Json(after))
}
