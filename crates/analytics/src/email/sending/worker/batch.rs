//! The mails whose time has come, some hundred at a time.

use common::{
    db::TenantTx,
    ids::{MailId, TenantId},
};
use sqlx::PgPool;

use super::mail::{Content, Mail, MailKey};

/// Held in memory at once; a second of work or so.
const AT_ONCE: i64 = 500;

/// Those to be sent now, those of one report together, and says of their jobs that they are being worked off.
///
/// # Errors
/// The database is away.
pub(super) async fn due(pool: &PgPool, tenant: TenantId) -> Result<Vec<Mail>, sqlx::Error> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let reports = sqlx::query!(
        r#"select h.mail_id as "mail_id: MailId", h.job_id, h.sales_rep_email, h.sales_rep_name, h.report_date, h.branch_codes,
             h.subject, h.attempts, h.queued_at, j.note
         from email_send_history h
         join email_sending_jobs j on j.tenant_id = $1 and j.job_id = h.job_id
         where h.tenant_id = $1 and h.status = 'queued' and (h.next_attempt_at is null or h.next_attempt_at <= now())
             and j.status in ('queued', 'processing')
         order by h.report_date, h.branch_codes, h.mail_id
         limit $2"#,
        tenant.uuid(),
        AT_ONCE,
    )
    .fetch_all(tx.conn())
    .await?;
    let jobs: Vec<_> = reports.iter().map(|row| row.job_id).collect();
    sqlx::query!(
        "update email_sending_jobs
         set status = 'processing', started_at = coalesce(started_at, now()), error_message = null
         where tenant_id = $1 and job_id = any($2) and status in ('queued', 'processing')
             and (status = 'queued' or error_message is not null)",
        tenant.uuid(),
        &jobs,
    )
    .execute(tx.conn())
    .await?;
    let outbox = sqlx::query!(
        "select outbox_id, kind, recipient, content_sealed, attempts, created_at from mail_outbox
         where tenant_id = $1 and status = 'queued' and (next_attempt_at is null or next_attempt_at <= now())
         order by created_at limit $2",
        tenant.uuid(),
        AT_ONCE,
    )
    .fetch_all(tx.conn())
    .await?;
    tx.commit().await?;
    // People who wait for an invitation come before the reports.
    let outbox = outbox.into_iter().map(|row| Mail {
        key: MailKey::Outbox(row.outbox_id),
        email: row.recipient,
        name: None,
        content: Content::Outbox { kind: row.kind, sealed: row.content_sealed },
        attempts: row.attempts,
        queued_at: row.created_at,
    });
    let reports = reports.into_iter().map(|row| Mail {
        key: MailKey::Report(row.mail_id),
        email: row.sales_rep_email,
        name: row.sales_rep_name,
        content: Content::Report {
            date: row.report_date,
            branch_codes: row.branch_codes,
            subject: row.subject,
            note: row.note,
        },
        attempts: row.attempts,
        queued_at: row.queued_at,
    });
    Ok(outbox.chain(reports).collect())
}
