//! What a run finds before it begins: mails that a run which is no more had in hand, and mails that are too old.

use common::{db::TenantTx, ids::TenantId};
use uuid::Uuid;

use super::{Mailer, backoff::GIVE_UP_AFTER};

const UNKNOWN: &str = "The service was interrupted while the mail was being sent: it may have arrived or not. Look for the \
    Message-ID in the receiver's log, and send it again only if it is not there.";
const GIVEN_UP: &str = "Given up after two days";

/// Says of mails in hand of an earlier run that their outcome is unknown, and gives up those that waited too long.
///
/// # Errors
/// The database is away.
pub(super) async fn recover(mailer: &Mailer, tenant: TenantId, run: Uuid) -> Result<(), sqlx::Error> {
    let mut tx = TenantTx::begin(&mailer.pool, tenant).await?;
    // claimed_by stays: should that run be alive after all, it knows better and says so.
    let unknown = sqlx::query!(
        "update email_send_history set status = 'unknown', error_message = $3
         where tenant_id = $1 and status = 'sending' and claimed_by is distinct from $2",
        tenant.uuid(),
        run,
        UNKNOWN,
    )
    .execute(tx.conn())
    .await?
    .rows_affected();
    let outbox = sqlx::query!(
        "update mail_outbox set status = 'unknown', error_message = $3
         where tenant_id = $1 and status = 'sending' and claimed_by is distinct from $2",
        tenant.uuid(),
        run,
        UNKNOWN,
    )
    .execute(tx.conn())
    .await?
    .rows_affected();
    sqlx::query!(
        "update email_send_history
         set status = 'failed', error_message = $3 || coalesce(': ' || error_message, '.')
         where tenant_id = $1 and status = 'queued' and queued_at < now() - make_interval(secs => $2)
             -- Those of a paused send wait for a person.
             and job_id not in (select j.job_id from email_sending_jobs j where j.tenant_id = $1 and j.status = 'paused')",
        tenant.uuid(),
        GIVE_UP_AFTER.as_seconds_f64(),
        GIVEN_UP,
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "update mail_outbox
         set status = 'failed', error_message = $3 || coalesce(': ' || error_message, '.')
         where tenant_id = $1 and status = 'queued' and created_at < now() - make_interval(secs => $2)",
        tenant.uuid(),
        GIVE_UP_AFTER.as_seconds_f64(),
        GIVEN_UP,
    )
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    if unknown + outbox > 0 {
        tracing::warn!(%tenant, mails = unknown + outbox, "mails were being sent when their run ended: outcome unknown");
    }
    Ok(())
}
