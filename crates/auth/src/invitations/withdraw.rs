//! Ends invitations that still wait: their links open nothing any more, and mails that were not sent yet stay here.

use common::ids::{InvitationId, TenantId};
use sqlx::PgConnection;

/// Those to this address, or the one that is named. Answers how many there were.
///
/// # Errors
/// The database is away.
pub(crate) async fn withdraw(
    conn: &mut PgConnection,
    tenant: TenantId,
    email: &str,
    only: Option<InvitationId>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"with withdrawn as (
             update invitations set revoked_at = now()
             where tenant_id = $1 and email = $2 and ($3::uuid is null or invitation_id = $3)
                 and accepted_at is null and revoked_at is null
             returning invitation_id),
         unsent as (
             delete from mail_outbox m using withdrawn w
             where m.tenant_id = $1 and m.outbox_id = w.invitation_id and m.sent_at is null)
         select count(*) as "withdrawn!" from withdrawn"#,
        tenant.uuid(),
        email,
        only.map(InvitationId::uuid),
    )
    .fetch_one(conn)
    .await
}
