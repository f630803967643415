//! How jobs end, and when the tenant's mails have to be looked at again.

use chrono::{DateTime, TimeDelta, Utc};
use common::{db::TenantTx, ids::TenantId};
use sqlx::{PgConnection, PgPool};

use crate::email::sending::job;

/// A mail that another run has in hand is looked at again after this.
const IN_HAND_FOR: TimeDelta = TimeDelta::minutes(1);

/// Ends the jobs of which no mail waits or is in hand. Counts are written down then: their failed mails may be taken over by
/// a later job. Those that were taken over before are counted in the job's row already.
///
/// # Errors
/// The database is away.
pub(in crate::email::sending) async fn finish_jobs(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<(), sqlx::Error> {
    // One that was in hand when its send was cancelled, and was refused for now, waits for nothing.
    sqlx::query!(
        "update email_send_history h set status = 'cancelled', next_attempt_at = null
         from email_sending_jobs j
         where j.tenant_id = $1 and j.status = 'cancelled' and j.completed_at is null
             and h.tenant_id = $1 and h.job_id = j.job_id and h.status = 'queued'",
        tenant.uuid(),
    )
    .execute(&mut *conn)
    .await?;
    // Held first and counted then, so that nobody takes mails over in between.
    let ended = sqlx::query_scalar!(
        "select o.job_id from email_sending_jobs o
         -- A cancelled one ends with the mail that was in hand.
         where o.tenant_id = $1 and o.status in ('queued', 'processing', 'cancelled') and o.completed_at is null
             and not exists (
                 select from email_send_history h
                 where h.tenant_id = $1 and h.job_id = o.job_id and h.status in ('queued', 'sending'))
         order by o.job_id
         for no key update",
        tenant.uuid(),
    )
    .fetch_all(&mut *conn)
    .await?;
    if ended.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "update email_sending_jobs j
         set status = case
                 when j.status = 'cancelled' then 'cancelled'
                 when j.emails_failed + c.failed + c.unknown = 0 then 'completed'
                 when j.error_message is not null and c.sent + c.unknown = 0 then 'failed'
                 else 'completed_with_errors' end,
             emails_sent = c.sent, emails_failed = j.emails_failed + c.failed, emails_unknown = c.unknown,
             emails_suppressed = j.emails_suppressed + c.suppressed, emails_cancelled = j.emails_cancelled + c.cancelled,
             started_at = coalesce(j.started_at, now()), completed_at = now()
         from (
             select o.job_id,
                 count(*) filter (where h.status = 'sent') as sent,
                 count(*) filter (where h.status = 'failed') as failed,
                 count(*) filter (where h.status = 'unknown') as unknown,
                 count(*) filter (where h.status = 'suppressed') as suppressed,
                 count(*) filter (where h.status = 'cancelled') as cancelled,
                 count(*) filter (where h.status in ('queued', 'sending')) as open
             from email_sending_jobs o
             left join email_send_history h on h.tenant_id = $1 and h.job_id = o.job_id
             where o.tenant_id = $1 and o.job_id = any($2)
             group by o.job_id) c
         where j.tenant_id = $1 and j.job_id = c.job_id and j.status in ('queued', 'processing', 'cancelled')
             and j.completed_at is null and c.open = 0",
        tenant.uuid(),
        &ended,
    )
    .execute(conn)
    .await
    .map(|_| ())
}

/// Fails everything that has waited since before `since`: no mail can go before a person has changed something. What was queued
/// later may have been queued because somebody did.
///
/// # Errors
/// The database is away.
pub(super) async fn fail_all(
    pool: &PgPool,
    tenant: TenantId,
    since: DateTime<Utc>,
    reason: &str,
) -> Result<(), sqlx::Error> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    sqlx::query!(
        "with failed as (
             update email_send_history h set status = 'failed', error_message = $2, next_attempt_at = null
             from email_sending_jobs j
             where h.tenant_id = $1 and h.status = 'queued' and h.queued_at <= $3
                 and j.tenant_id = $1 and j.job_id = h.job_id and j.status in ('queued', 'processing')
             returning h.job_id)
         update email_sending_jobs j set error_message = $2
         where j.tenant_id = $1 and j.job_id in (select f.job_id from failed f)",
        tenant.uuid(),
        reason,
        since,
    )
    .execute(tx.conn())
    .await?;
    sqlx::query!(
        "update mail_outbox set status = 'failed', error_message = $2, next_attempt_at = null
         where tenant_id = $1 and status = 'queued' and created_at <= $3",
        tenant.uuid(),
        reason,
        since,
    )
    .execute(tx.conn())
    .await?;
    finish_jobs(tx.conn(), tenant).await?;
    tx.commit().await
}

/// Says of the jobs under way why nothing goes on now.
///
/// # Errors
/// The database is away.
pub(super) async fn explain_waiting(
    conn: &mut PgConnection,
    tenant: TenantId,
    reason: &str,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update email_sending_jobs j set error_message = $2
         where j.tenant_id = $1 and j.status in ('queued', 'processing') and exists (
             select from email_send_history h where h.tenant_id = $1 and h.job_id = j.job_id and h.status = 'queued')",
        tenant.uuid(),
        reason,
    )
    .execute(conn)
    .await
    .map(|_| ())
}

/// Ends a run: its jobs, and the time of the next one, which is not before `pause_until`.
///
/// # Errors
/// The database is away.
pub(super) async fn end_run(
    pool: &PgPool,
    tenant: TenantId,
    pause: Option<(DateTime<Utc>, String)>,
) -> anyhow::Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    finish_jobs(tx.conn(), tenant).await?;
    if let Some((_, reason)) = &pause {
        explain_waiting(tx.conn(), tenant, reason).await?;
    }
    tx.commit().await?;
    // Only then, and in a transaction of its own: who resumes a send holds its row and waits to be alone.
    let mut tx = TenantTx::begin(pool, tenant).await?;
    job::alone(tx.conn(), tenant).await?;
    let next = sqlx::query_scalar!(
        "select min(w.at) from (
             select min(coalesce(h.next_attempt_at, now())) as at
             from email_send_history h
             join email_sending_jobs j on j.tenant_id = $1 and j.job_id = h.job_id and j.status in ('queued', 'processing')
             where h.tenant_id = $1 and h.status = 'queued'
             union all
             select min(coalesce(m.next_attempt_at, now())) from mail_outbox m
             where m.tenant_id = $1 and m.status = 'queued') w",
        tenant.uuid(),
    )
    .fetch_one(tx.conn())
    .await?;
    // Another run has them, one that was given up for dead: should it be dead, somebody has to say so of its mails.
    let is_in_hand = sqlx::query_scalar!(
        r#"select exists (select from email_send_history where tenant_id = $1 and status = 'sending')
             or exists (select from mail_outbox where tenant_id = $1 and status = 'sending') as "is_in_hand!""#,
        tenant.uuid(),
    )
    .fetch_one(tx.conn())
    .await?;
    let looked_at = is_in_hand.then(|| Utc::now() + IN_HAND_FOR);
    let sent_at = next.map(|next| pause.map_or(next, |(until, _)| next.max(until)));
    match [sent_at, looked_at].into_iter().flatten().min() {
        Some(at) => job::wake(tx.conn(), tenant, Some(at)).await?,
        None => job::rest(tx.conn(), tenant).await?,
    }
    tx.commit().await?;
    Ok(())
}
