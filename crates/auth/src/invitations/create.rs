//! `POST /auth/tenants/{tenant_id}/invitations`: a link for one person, good once, for seven days.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Duration, Utc};
use common::{
    auth::{Role, TenantContext, audit},
    http::{ApiError, Json},
    ids::{InvitationId, TenantId},
    tenants::email_rule,
};
use garde::Validate;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::{
    mail::queue_mail,
    token,
    view::{InvitationMailStatus, InvitationView, invitations},
    withdraw::withdraw,
};
use crate::{
    members::{MemberRole, checked_branches, lock_members},
    state::AuthState,
};

const LIFETIME: Duration = Duration::days(7);
/// Of one tenant: enough for a company, and an end to what one can have us send.
const MOST_OPEN: i64 = 500;

/// Somebody to invite.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InvitationBody {
    /// The address that the sign-in provider knows the person by.
    #[garde(custom(email_rule))]
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// A manager invites managers and viewers, an owner owners too.
    #[garde(skip)]
    role: MemberRole,
    /// The branches a manager is limited to; left out or null = all.
    #[garde(skip)]
    branches: Option<Vec<String>>,
}

/// The invitation with its link.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NewInvitationView {
    #[serde(flatten)]
    invitation: InvitationView,
    /// Shown here, sent to the person, and known to nobody else: it cannot be read again.
    link: String,
}

/// Invite somebody
///
/// A mail with the link is sent to them. An earlier invitation to the same address that still waits is withdrawn.
#[utoipa::path(post, path = "/auth/tenants/{tenant_id}/invitations", tag = "invitations",
    params(("tenant_id" = TenantId, Path)), request_body = InvitationBody, responses(
    (status = 201, body = NewInvitationView),
    (status = 409, description = "The person is a member already, or too many invitations wait",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn create_invitation(
    State(auth): State<AuthState>,
    context: TenantContext,
    Json(body): Json<InvitationBody>,
) -> Result<Response, ApiError> {
    let InvitationBody { email, role, branches } = body;
    let email = email.trim().to_lowercase();
    let role = Role::from(role);
    context.require(if role == Role::Owner { Role::Owner } else { Role::Manager })?;
    require_no_more(&context, role, branches.as_deref())?;
    let tenant = context.tenant_id;
    let mut tx = context.tx(&auth.app.pool).await?;
    let branches = checked_branches(tx.conn(), tenant, role, branches).await?;
    lock_members(tx.conn(), tenant).await?;
    require_no_member(tx.conn(), tenant, &email).await?;
    // Of two links to one person only the newer one is good.
    let withdrawn = withdraw(tx.conn(), tenant, &email, None).await?;
    require_room(tx.conn(), tenant).await?;
    let invitation_id = InvitationId::generate();
    let (token, token_hash) = token::generate(tenant);
    let expires_at: DateTime<Utc> = Utc::now() + LIFETIME;
    sqlx::query!(
        "insert into invitations (tenant_id, invitation_id, email, role, branches, token_hash, invited_by, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        tenant.uuid(),
        invitation_id.uuid(),
        email,
        role.as_str(),
        branches.as_deref(),
        token_hash,
        context.actor.account_id.map(|account| account.uuid()),
        expires_at,
    )
    .execute(tx.conn())
    .await?;
    let link = format!("{}/auth/invitations/{}", auth.app.settings.base_url, token.expose_secret());
    let mut invitation = invitations(tx.conn(), tenant, Some(invitation_id), 0, 1)
        .await?
        .pop()
        .ok_or_else(|| anyhow::anyhow!("an invitation that was just made is not there"))?;
    queue_mail(tx.conn(), &auth.app.settings, tenant, &invitation, &link).await?;
    invitation.mail_status = Some(InvitationMailStatus::Queued);
    let details = json!({
        "invitation_id": invitation_id, "role": role, "branches": invitation.branches, "withdrawn": withdrawn,
    });
    audit::note(tx.conn(), tenant, &context.actor, "invitation.created", Some(&email), details).await?;
    tx.commit().await?;
    let view = NewInvitationView { invitation, link };
    Ok((StatusCode::CREATED, [(header::CACHE_CONTROL, "no-store")], Json(view)).into_response())
}

/// Nobody invites others to see more than they see themselves.
fn require_no_more(context: &TenantContext, role: Role, branches: Option<&[String]>) -> Result<(), ApiError> {
    let Some(own) = &context.branches else { return Ok(()) };
    let within = branches.is_some_and(|branches| branches.iter().all(|branch| own.contains(branch)));
    if role == Role::Manager && within {
        return Ok(());
    }
    Err(ApiError::Forbidden(format!(
        "You see the branches {}; you can invite managers who are limited to these, and nobody who would see more.",
        own.join(", ")
    )))
}

async fn require_no_member(conn: &mut PgConnection, tenant: TenantId, email: &str) -> Result<(), ApiError> {
    let is_member = sqlx::query_scalar!(
        r#"select exists (
             select from memberships m
             join accounts a on a.account_id = m.account_id
             where m.tenant_id = $1 and a.email = $2) as "is_member!""#,
        tenant.uuid(),
        email,
    )
    .fetch_one(conn)
    .await?;
    if is_member { Err(ApiError::Conflict(format!("{email} is a member already."))) } else { Ok(()) }
}

async fn require_room(conn: &mut PgConnection, tenant: TenantId) -> Result<(), ApiError> {
    let open = sqlx::query_scalar!(
        r#"select count(*) as "open!" from invitations
         where tenant_id = $1 and accepted_at is null and revoked_at is null and expires_at > now()"#,
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?;
    if open < MOST_OPEN {
        return Ok(());
    }
    Err(ApiError::Conflict(format!("{open} invitations wait to be accepted already; revoke some of them first.")))
}
