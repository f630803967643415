//! An invitation as the tenant's managers see it: everything but its link.

use chrono::{DateTime, Utc};
use common::{
    auth::Role,
    ids::{InvitationId, TenantId},
};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

/// What has become of an invitation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub(crate) enum InvitationStatus {
    /// Waits for the person.
    Open,
    Accepted,
    Revoked,
    Expired,
}

/// What has become of the mail with an invitation's link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub(crate) enum InvitationMailStatus {
    /// Waits, or is tried again later.
    Queued,
    Sending,
    /// The mail server took it.
    Sent,
    Failed,
    /// It may have arrived or not.
    Unknown,
    /// The address gets no mails.
    Suppressed,
    Cancelled,
    /// It came back after the mail server had taken it.
    Bounced,
}

/// Who was invited to what, by whom.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct InvitationView {
    pub(super) invitation_id: InvitationId,
    pub(super) email: String,
    pub(super) role: Role,
    /// The branches a manager would be limited to; null = all.
    pub(super) branches: Option<Vec<String>>,
    pub(super) status: InvitationStatus,
    /// The e-mail address of who invited.
    pub(super) invited_by: Option<String>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) accepted_at: Option<DateTime<Utc>>,
    pub(super) revoked_at: Option<DateTime<Utc>>,
    /// Null where there is no mail: it was not sent before the invitation was revoked.
    pub(super) mail_status: Option<InvitationMailStatus>,
    /// Why the mail did not arrive, or not yet.
    pub(super) mail_error: Option<String>,
}

/// Invitations, the newest first, `limit` of them from `start` on; `only` = just this one.
///
/// # Errors
/// The database is away.
pub(super) async fn invitations(
    conn: &mut PgConnection,
    tenant: TenantId,
    only: Option<InvitationId>,
    start: i64,
    limit: i64,
) -> Result<Vec<InvitationView>, sqlx::Error> {
    sqlx::query_as!(
        InvitationView,
        r#"select i.invitation_id as "invitation_id: InvitationId", i.email, i.role as "role: Role", i.branches,
             case when i.accepted_at is not null then 'accepted' when i.revoked_at is not null then 'revoked'
                 when i.expires_at <= now() then 'expired' else 'open' end as "status!: InvitationStatus",
             a.email as "invited_by?", i.created_at, i.expires_at, i.accepted_at, i.revoked_at,
             case when m.bounced_at is not null then 'bounced' else m.status end as "mail_status?: InvitationMailStatus",
             m.error_message as "mail_error?"
         from invitations i
         left join accounts a on a.account_id = i.invited_by
         left join mail_outbox m on m.tenant_id = $1 and m.outbox_id = i.invitation_id
         where i.tenant_id = $1 and ($2::uuid is null or i.invitation_id = $2)
         order by i.created_at desc, i.invitation_id desc
         offset $3 limit $4"#,
        tenant.uuid(),
        only.map(InvitationId::uuid),
        start,
        limit,
    )
    .fetch_all(conn)
    .await
}
