//! `POST /auth/tenants/{tenant_id}/members`: an owner adds somebody without asking them.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use common::{
    auth::{TenantContext, audit},
    http::{ApiError, Json},
    ids::TenantId,
    tenants::{account, email_rule, name_rule},
};
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    branches::checked_branches,
    lock::{lock_members, rejoined},
    role::MemberRole,
    view::{MemberView, member},
};
use crate::state::AuthState;

/// A member to be.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewMemberBody {
    /// The address that the sign-in provider knows the person by.
    #[garde(custom(email_rule))]
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// What the person is called, where we do not know yet.
    #[garde(inner(custom(name_rule)))]
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\u0000-\u001f\u007f-\u009f]*[^\s\u0000-\u001f\u007f-\u009f][^\u0000-\u001f\u007f-\u009f]*$"
    )]
    name: Option<String>,
    #[garde(skip)]
    role: MemberRole,
    /// The branches a manager is limited to; left out or null = all.
    #[garde(skip)]
    branches: Option<Vec<String>>,
}

/// Add a member
///
/// The person signs in with this address and is in; no mail is sent. To ask first, invite.
#[utoipa::path(post, path = "/auth/tenants/{tenant_id}/members", tag = "members",
    params(("tenant_id" = TenantId, Path)), request_body = NewMemberBody, responses(
    (status = 201, body = MemberView),
    (status = 409, description = "The person is a member already",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn add_member(
    State(auth): State<AuthState>,
    context: TenantContext,
    Json(body): Json<NewMemberBody>,
) -> Result<Response, ApiError> {
    let NewMemberBody { email, name, role, branches } = body;
    let tenant = context.tenant_id;
    let mut tx = context.tx(&auth.app.pool).await?;
    let branches = checked_branches(tx.conn(), tenant, role.into(), branches).await?;
    lock_members(tx.conn(), tenant).await?;
    let account_id = account(tx.conn(), &email, name.as_deref().map(str::trim)).await?;
    let added = sqlx::query!(
        "insert into memberships (tenant_id, account_id, role, branches) values ($1, $2, $3, $4)
         on conflict (tenant_id, account_id) do nothing",
        tenant.uuid(),
        account_id.uuid(),
        common::auth::Role::from(role).as_str(),
        branches.as_deref(),
    )
    .execute(tx.conn())
    .await?
    .rows_affected();
    if added == 0 {
        return Err(ApiError::Conflict(format!("{} is a member already.", email.trim())));
    }
    rejoined(tx.conn(), tenant, account_id).await?;
    let view = member(tx.conn(), tenant, account_id)
        .await?
        .ok_or_else(|| anyhow::anyhow!("a member that was just added is not there"))?;
    let details = json!({ "account_id": account_id, "role": view.role, "branches": view.branches });
    audit::note(tx.conn(), tenant, &context.actor, "member.added", Some(&view.email), details).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(view)).into_response())
}
