//! The mail that carries an invitation's link: a sealed row that the mail worker sends.

use anyhow::Context;
use common::{config::Settings, ids::TenantId, secrets::Sealer};
use serde_json::json;
use sqlx::PgConnection;

use super::view::InvitationView;

/// What the content is sealed for.
const PURPOSE: &str = "mail_outbox.content_sealed";

/// Queues it in the transaction of the invitation. The content is a JSON object: `tenant_name`, `invited_by`, `role`,
/// `branches`, `link`, `expires_at`.
///
/// # Errors
/// The database is away, or the content cannot be sealed.
pub(super) async fn queue_mail(
    conn: &mut PgConnection,
    settings: &Settings,
    tenant: TenantId,
    invitation: &InvitationView,
    link: &str,
) -> anyhow::Result<()> {
    let tenant_name = sqlx::query_scalar!("select name from tenants where tenant_id = $1", tenant.uuid())
        .fetch_one(&mut *conn)
        .await?;
    let content = json!({
        "tenant_name": tenant_name,
        "invited_by": invitation.invited_by,
        "role": invitation.role,
        "branches": invitation.branches,
        "link": link,
        "expires_at": invitation.expires_at,
    });
    let sealed = Sealer::from_settings(settings)
        .seal(tenant, PURPOSE, content.to_string().as_bytes())
        .context("a mail could not be sealed")?;
    sqlx::query!(
        "insert into mail_outbox (tenant_id, outbox_id, kind, recipient, content_sealed)
         values ($1, $2, 'invitation', $3, $4)",
        tenant.uuid(),
        // By it, the mail is found when the invitation is withdrawn.
        invitation.invitation_id.uuid(),
        invitation.email,
        sealed,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "insert into due_work (tenant_id, kind, due_at) values ($1, 'outbox', now())
         on conflict (tenant_id, kind) do update set due_at = least(due_work.due_at, excluded.due_at)",
        tenant.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
