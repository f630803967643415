//! What follows from a notice: the mail's row says so, and an address that mail cannot reach, or whose owner complained, gets
//! none any more. The same notice again changes nothing.

use std::collections::BTreeSet;

use common::ids::{MailId, TenantId};
use sqlx::PgConnection;

use super::{
    notice::Fate,
    sent::{Place, SentMail},
};

/// What is to be written on the row of a mail.
#[derive(Debug, Clone)]
pub(super) struct Mark {
    pub(super) mail: SentMail,
    pub(super) fate: Fate,
    pub(super) status: String,
    pub(super) reason: String,
}

/// Writes the marks, and answers the mails that were changed by it. A delay is forgotten when the mail bounces, a passing
/// failure when it turns out to be a lasting one, and nothing else.
///
/// # Errors
/// The database is away.
pub(super) async fn mark(
    conn: &mut PgConnection,
    tenant: TenantId,
    marks: &[Mark],
) -> Result<BTreeSet<MailId>, sqlx::Error> {
    let mut changed = BTreeSet::new();
    for place in [Place::History, Place::Outbox] {
        let of_place: Vec<&Mark> =
            marks.iter().filter(|mark| mark.mail.place == place && mark.fate != Fate::Delivered).collect();
        if of_place.is_empty() {
            continue;
        }
        let ids: Vec<_> = of_place.iter().map(|mark| mark.mail.mail_id.0).collect();
        let finals: Vec<bool> = of_place.iter().map(|mark| mark.fate != Fate::Delayed).collect();
        let statuses: Vec<String> = of_place.iter().map(|mark| mark.status.clone()).collect();
        let reasons: Vec<String> = of_place.iter().map(|mark| mark.reason.clone()).collect();
        changed.extend(match place {
            Place::History => mark_history(conn, tenant, &ids, &finals, &statuses, &reasons).await?,
            Place::Outbox => mark_outbox(conn, tenant, &ids, &finals, &statuses, &reasons).await?,
        });
    }
    Ok(changed)
}

async fn mark_history(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[uuid::Uuid],
    finals: &[bool],
    statuses: &[String],
    reasons: &[String],
) -> Result<Vec<MailId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"update email_send_history h
         set bounced_at = case when m.is_final then now() end, bounce_status = m.status, bounce_reason = m.reason
         from unnest($2::uuid[], $3::boolean[], $4::text[], $5::text[]) as m(mail_id, is_final, status, reason)
         where h.tenant_id = $1 and h.mail_id = m.mail_id
             and case
                 when h.bounced_at is null then m.is_final or (h.bounce_status, h.bounce_reason) is distinct from (m.status, m.reason)
                 else m.is_final and m.status like '5.%' and h.bounce_status not like '5.%'
             end
         returning h.mail_id as "mail_id: MailId""#,
        tenant.0,
        ids,
        finals,
        statuses,
        reasons,
    )
    .fetch_all(conn)
    .await
}

/// A mail about no report has one text for all that went wrong.
async fn mark_outbox(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[uuid::Uuid],
    finals: &[bool],
    statuses: &[String],
    reasons: &[String],
) -> Result<Vec<MailId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"update mail_outbox o
         set error_message = m.word || m.status || ': ' || m.reason, bounced_at = case when m.is_final then now() end
         from (
             select u.mail_id, u.is_final, u.status, u.reason, case when u.is_final then 'Bounced with ' else 'Delayed with ' end as word
             from unnest($2::uuid[], $3::boolean[], $4::text[], $5::text[]) as u(mail_id, is_final, status, reason)
         ) m
         where o.tenant_id = $1 and o.outbox_id = m.mail_id
             and o.bounced_at is null
             and o.error_message is distinct from m.word || m.status || ': ' || m.reason
         returning o.outbox_id as "mail_id: MailId""#,
        tenant.0,
        ids,
        finals,
        statuses,
        reasons,
    )
    .fetch_all(conn)
    .await
}

/// Notes on the row that its recipient complained; false where that is known already.
///
/// # Errors
/// The database is away.
pub(super) async fn mark_complaint(
    conn: &mut PgConnection,
    tenant: TenantId,
    mail: &SentMail,
    feedback: &str,
) -> Result<bool, sqlx::Error> {
    let words = format!("Complaint: {feedback}");
    let changed = match mail.place {
        Place::History => {
            sqlx::query!(
                "update email_send_history set bounce_reason = $3
                 where tenant_id = $1 and mail_id = $2 and bounce_reason is distinct from $3",
                tenant.0,
                mail.mail_id.0,
                words,
            )
            .execute(conn)
            .await?
        }
        Place::Outbox => {
            sqlx::query!(
                "update mail_outbox set error_message = $3
                 where tenant_id = $1 and outbox_id = $2 and error_message is distinct from $3",
                tenant.0,
                mail.mail_id.0,
                words,
            )
            .execute(conn)
            .await?
        }
    };
    Ok(changed.rows_affected() > 0)
}

/// Marks every mapping of the addresses as one that mail cannot reach.
///
/// # Errors
/// The database is away.
pub(super) async fn mark_mappings(
    conn: &mut PgConnection,
    tenant: TenantId,
    addresses: &[String],
    reasons: &[String],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update branch_email_mappings m
         set bounced_at = now(), bounce_reason = b.reason
         from unnest($2::text[], $3::text[]) as b(address, reason)
         where m.tenant_id = $1 and lower(m.sales_rep_email) = b.address",
        tenant.0,
        addresses,
        reasons,
    )
    .execute(conn)
    .await?;
    Ok(())
}
