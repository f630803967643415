//! The mails of a send as rows: one per person and branches, and never two of the same generation.

use chrono::NaiveDate;
use common::ids::{JobId, MailId, TenantId};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::targets::{Known, Target};

/// Mails that one statement writes: what a send holds in memory beside its mails.
const AT_ONCE: usize = 2000;

/// A mail to be queued.
#[derive(Debug)]
pub(super) struct NewMail {
    pub(super) target: Target,
    pub(super) subject: String,
}

/// Waits until no other send of the tenant is being queued.
pub(super) async fn lock(conn: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('ga send ' || $1::text, 0))", tenant.to_string())
        .execute(conn)
        .await
        .map(|_| ())
}

pub(super) async fn tenant_name(conn: &mut PgConnection, tenant: TenantId) -> Result<String, sqlx::Error> {
    sqlx::query_scalar!("select name from tenants where tenant_id = $1", tenant.uuid()).fetch_one(conn).await
}

/// All mails of a report day, of every generation.
pub(super) async fn of_day(
    conn: &mut PgConnection,
    tenant: TenantId,
    day: NaiveDate,
) -> Result<Vec<Known>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select mail_id as "mail_id: MailId", sales_rep_email, branch_codes, generation,
             status in ('failed', 'cancelled', 'suppressed') as "is_over!", status = 'failed' as "has_failed!"
         from email_send_history where tenant_id = $1 and report_date = $2"#,
        tenant.uuid(),
        day,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| Known {
            mail_id: row.mail_id,
            email: row.sales_rep_email,
            branch_codes: row.branch_codes,
            generation: row.generation,
            is_over: row.is_over,
            has_failed: row.has_failed,
        })
        .collect())
}

/// Queues the mails for a job: new rows, and earlier ones that failed once more. Whose address is suppressed gets a row that
/// says so.
///
/// # Errors
/// The database is away.
pub(super) async fn put(
    conn: &mut PgConnection,
    tenant: TenantId,
    job: JobId,
    day: NaiveDate,
    generation: i32,
    mails: &[NewMail],
) -> Result<(), sqlx::Error> {
    for mails in mails.chunks(AT_ONCE) {
        put_some(conn, tenant, job, day, generation, mails).await?;
    }
    Ok(())
}

async fn put_some(
    conn: &mut PgConnection,
    tenant: TenantId,
    job: JobId,
    day: NaiveDate,
    generation: i32,
    mails: &[NewMail],
) -> Result<(), sqlx::Error> {
    let rows: Vec<Value> = mails
        .iter()
        .map(|NewMail { target, subject }| {
            json!({
                "mail_id": target.again.unwrap_or_else(MailId::generate), "is_again": target.again.is_some(),
                "email": target.email, "name": target.name, "branch_codes": target.branch_codes, "subject": subject,
            })
        })
        .collect();
    // Of an update and an insert in one statement neither sees the other's rows; they are different ones.
    sqlx::query!(
        r#"with mails as (
             select x.*, s.reason
             from jsonb_to_recordset($5) as x (mail_id uuid, is_again boolean, email text, name text, branch_codes text[],
                 subject text)
             left join email_suppressions s on s.tenant_id = $1 and s.email = lower(x.email)
         ), earlier as (
             select h.job_id, count(*) filter (where h.status = 'failed') as failed,
                 count(*) filter (where h.status = 'suppressed') as suppressed,
                 count(*) filter (where h.status = 'cancelled') as cancelled
             from mails m
             join email_send_history h on h.tenant_id = $1 and h.mail_id = m.mail_id
             where m.is_again
             group by h.job_id
         ), kept as (
             -- A send that is still under way counts its mails at its end; these are another one's by then.
             update email_sending_jobs j
             set emails_failed = j.emails_failed + e.failed, emails_suppressed = j.emails_suppressed + e.suppressed,
                 emails_cancelled = j.emails_cancelled + e.cancelled
             from earlier e
             where j.tenant_id = $1 and j.job_id = e.job_id and j.completed_at is null
         ), again as (
             update email_send_history h
             set job_id = $2, subject = m.subject, sales_rep_name = m.name,
                 status = case when m.reason is null then 'queued' else 'suppressed' end,
                 error_message = 'The address is suppressed: ' || m.reason || '.', smtp_response = null,
                 next_attempt_at = null, claimed_by = null, attempts = 0, queued_at = now(), bounced_at = null,
                 bounce_status = null, bounce_reason = null
             from mails m
             where h.tenant_id = $1 and h.mail_id = m.mail_id and m.is_again
         ), sets as (
             insert into email_branch_sets (tenant_id, branch_set, branch_codes)
             select distinct $1::uuid, hash_array_extended(m.branch_codes, 0), m.branch_codes from mails m where not m.is_again
             order by 2
             on conflict do nothing
         )
         insert into email_send_history (tenant_id, mail_id, job_id, branch_codes, sales_rep_email, sales_rep_name, subject,
             report_date, generation, status, error_message)
         select $1, m.mail_id, $2, m.branch_codes, m.email, m.name, m.subject, $3, $4,
             case when m.reason is null then 'queued' else 'suppressed' end,
             'The address is suppressed: ' || m.reason || '.'
         from mails m
         where not m.is_again"#,
        tenant.uuid(),
        job.uuid(),
        day,
        generation,
        Value::Array(rows),
    )
    .execute(conn)
    .await
    .map(|_| ())
}
