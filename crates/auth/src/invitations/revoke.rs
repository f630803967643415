//! `DELETE /auth/tenants/{tenant_id}/invitations/{invitation_id}`.

use axum::{extract::State, http::StatusCode};
use common::{
    auth::{Role, TenantContext, audit},
    http::{ApiError, Path},
    ids::{InvitationId, TenantId},
};
use serde::Deserialize;
use serde_json::json;

use super::{
    view::{InvitationStatus, invitations},
    withdraw::withdraw,
};
use crate::{members::lock_members, state::AuthState};

/// Of the path; the tenant in it is the extractor's.
#[derive(Debug, Deserialize)]
pub(crate) struct InvitationPath {
    invitation_id: InvitationId,
}

/// Withdraw an invitation
///
/// Its link opens nothing any more. One that is revoked or expired already stays as it is. That to an owner is an owner's to
/// withdraw.
#[utoipa::path(delete, path = "/auth/tenants/{tenant_id}/invitations/{invitation_id}", tag = "invitations",
    params(("tenant_id" = TenantId, Path), ("invitation_id" = InvitationId, Path)), responses(
    (status = 204, description = "It opens nothing"),
    (status = 409, description = "It was accepted: remove the member instead",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn revoke_invitation(
    State(auth): State<AuthState>,
    context: TenantContext,
    Path(InvitationPath { invitation_id }): Path<InvitationPath>,
) -> Result<StatusCode, ApiError> {
    let tenant = context.tenant_id;
    let mut tx = context.tx(&auth.app.pool).await?;
    lock_members(tx.conn(), tenant).await?;
    let invitation = invitations(tx.conn(), tenant, Some(invitation_id), 0, 1)
        .await?
        .pop()
        .ok_or_else(|| ApiError::NotFound(String::from("The tenant has no such invitation.")))?;
    if invitation.role == Role::Owner {
        context.require(Role::Owner)?;
    }
    match invitation.status {
        InvitationStatus::Accepted => {
            return Err(ApiError::Conflict(format!(
                "{} accepted it already; remove the member instead.",
                invitation.email
            )));
        }
        InvitationStatus::Revoked => return Ok(StatusCode::NO_CONTENT),
        InvitationStatus::Open | InvitationStatus::Expired => {}
    }
    withdraw(tx.conn(), tenant, &invitation.email, Some(invitation_id)).await?;
    let details = json!({ "invitation_id": invitation_id, "role": invitation.role });
    audit::note(tx.conn(), tenant, &context.actor, "invitation.revoked", Some(&invitation.email), details).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
