//! The mails of ours that a notice may be about.

use common::ids::{MailId, TenantId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::ToSchema;

/// By what a mail of ours was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum MatchedBy {
    /// The Message-ID we gave it.
    MessageId,
    /// The id that the receiving server told us when it took the mail: some, as Amazon SES, put it in place of ours.
    SmtpResponse,
    /// The newest mail to the address: the notice names no message.
    Recipient,
}

/// What kind of mail it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(super) enum Place {
    /// A report, in the history.
    History,
    /// A mail about no report, such as an invitation.
    Outbox,
}

/// A mail of ours.
#[derive(Debug, Clone)]
pub(super) struct SentMail {
    pub(super) place: Place,
    pub(super) mail_id: MailId,
    /// In lower case.
    pub(super) recipient: String,
}

/// Shorter ids may stand in a reply by chance.
const SHORTEST_QUEUE_ID: usize = 16;

/// The tenant's mails that a notice about this message and these recipients (in lower case) is about, and by what they were
/// found.
///
/// # Errors
/// The database is away.
pub(super) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    message_id: Option<&str>,
    recipients: &[String],
) -> Result<(Vec<SentMail>, MatchedBy), sqlx::Error> {
    let Some(message_id) = message_id else {
        return Ok((newest_to(conn, tenant, recipients).await?, MatchedBy::Recipient));
    };
    let found = by_message_id(&mut *conn, tenant, message_id).await?;
    let queue_id = message_id.split('@').next().unwrap_or_default();
    if !found.is_empty() || !is_queue_id(queue_id) {
        return Ok((found, MatchedBy::MessageId));
    }
    Ok((by_reply(conn, tenant, queue_id, recipients).await?, MatchedBy::SmtpResponse))
}

/// Whether nobody but the server and we can know it. Other words of a reply, such as the server's own name, anybody can put
/// into a notice.
fn is_queue_id(text: &str) -> bool {
    text.len() >= SHORTEST_QUEUE_ID
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && text.bytes().any(|byte| byte.is_ascii_digit())
}

async fn by_message_id(
    conn: &mut PgConnection,
    tenant: TenantId,
    message_id: &str,
) -> Result<Vec<SentMail>, sqlx::Error> {
    let spellings = [message_id.to_owned(), format!("<{message_id}>")];
    sqlx::query_as!(
        SentMail,
        r#"select 'history' as "place!: Place", mail_id as "mail_id!: MailId", lower(sales_rep_email) as "recipient!"
         from email_send_history
         where tenant_id = $1 and message_id = any($2)
         union all
         select 'outbox', outbox_id, lower(recipient)
         from mail_outbox
         where tenant_id = $1 and message_id = any($2)"#,
        tenant.0,
        &spellings,
    )
    .fetch_all(conn)
    .await
}

async fn by_reply(
    conn: &mut PgConnection,
    tenant: TenantId,
    queue_id: &str,
    recipients: &[String],
) -> Result<Vec<SentMail>, sqlx::Error> {
    sqlx::query_as!(
        SentMail,
        r#"select 'history' as "place!: Place", mail_id as "mail_id!: MailId", lower(sales_rep_email) as "recipient!"
         from email_send_history
         where tenant_id = $1 and queued_at > now() - interval '30 days' and lower(sales_rep_email) = any($2)
             and $3 = any(regexp_split_to_array(smtp_response, '[^[:alnum:]_-]+'))
         union all
         select 'outbox', outbox_id, lower(recipient)
         from mail_outbox
         where tenant_id = $1 and created_at > now() - interval '30 days' and lower(recipient) = any($2)
             and $3 = any(regexp_split_to_array(smtp_response, '[^[:alnum:]_-]+'))"#,
        tenant.0,
        recipients,
        queue_id,
    )
    .fetch_all(conn)
    .await
}

/// The newest report to each, if it went out in the last days: servers give up after five.
async fn newest_to(
    conn: &mut PgConnection,
    tenant: TenantId,
    recipients: &[String],
) -> Result<Vec<SentMail>, sqlx::Error> {
    sqlx::query_as!(
        SentMail,
        r#"select distinct on (lower(sales_rep_email)) 'history' as "place!: Place", mail_id as "mail_id!: MailId",
             lower(sales_rep_email) as "recipient!"
         from email_send_history
         where tenant_id = $1 and queued_at > now() - interval '10 days' and lower(sales_rep_email) = any($2)
             and status in ('sent', 'unknown')
         order by lower(sales_rep_email), queued_at desc, mail_id desc"#,
        tenant.0,
        recipients,
    )
    .fetch_all(conn)
    .await
}
