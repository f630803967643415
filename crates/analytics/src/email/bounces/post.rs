//! `POST /analytics/email/bounces`: takes a mail out of the mailbox of notices as it is.

use std::collections::BTreeSet;

use axum::{
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::StatusCode,
};
use common::{
    auth::{AppState, TenantContext, audit},
    http::{ApiError, Json},
    ids::{MailId, TenantId},
};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::{
    effect::{self, Mark},
    notice::{self, Fate, Notice, Recipient},
    sent::{self, MatchedBy, SentMail},
};
use crate::email::suppressions::{SuppressionReason, suppress};

/// Recipients of one notice that are looked at.
const MOST_RECIPIENTS: usize = 100;

/// What a mail was taken for, and what followed.
#[derive(Debug, Default, Serialize, ToSchema)]
pub(super) struct BounceView {
    /// Whether it is a report on a mail. Other mails, such as out-of-office replies, change nothing.
    recognised: bool,
    kind: Option<NoticeKind>,
    /// Of the mail reported on, without angle brackets.
    message_id: Option<String>,
    recipients: Vec<NoticeRecipientView>,
}

/// What kind of report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum NoticeKind {
    /// RFC 3464.
    DeliveryStatus,
    /// RFC 5965.
    Complaint,
}

/// What a notice says of one recipient.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct NoticeRecipientView {
    recipient: String,
    outcome: NoticeOutcome,
    /// RFC 3463, such as 5.1.1; null for a complaint.
    status: Option<String>,
    /// In the words of the server that refused it.
    reason: String,
    /// By what the mail was found; null where it is none of the tenant's, and then nothing follows.
    matched_by: Option<MatchedBy>,
    /// The mail's row in the history.
    mail_id: Option<MailId>,
    /// Whether anything is different now; false where the notice was known.
    changed: bool,
    /// Whether the address gets no mail any more because of this notice.
    suppressed: bool,
    message: &'static str,
}

/// What became of the mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum NoticeOutcome {
    HardBounce,
    SoftBounce,
    Delayed,
    Delivered,
    Complaint,
}

/// Report what came back
///
/// Takes one mail of the mailbox that the envelope's sender names, as it is (`message/rfc822`; the content type is not looked
/// at). A delivery status notification is noted on the row of the mail it is about; where that will never arrive, the address
/// is suppressed and its mappings are marked. A complaint suppresses the address. Any other mail changes nothing and is a
/// success all the same, so that a mail server need not keep it.
#[utoipa::path(post, path = "/analytics/email/bounces", tag = "email",
    request_body(content = String, content_type = "message/rfc822", description = "The mail, at most 2 MiB"), responses(
    (status = 200, description = "What it was taken for, and what followed", body = BounceView),
    (status = 422, description = "It is no mail at all",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(super) async fn post_bounce(
    State(app): State<AppState>,
    context: TenantContext,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<BounceView>, ApiError> {
    if context.branches.is_some() {
        return Err(ApiError::Forbidden(String::from(
            "Notices are about mails of all branches; this is for managers who are not limited to some.",
        )));
    }
    let body = body.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::TooLarge,
        _ => ApiError::Malformed(String::from("The body could not be read to its end.")),
    })?;
    let read = tokio::task::spawn_blocking(move || notice::read(&body)).await.map_err(anyhow::Error::new)?;
    let notice = read.map_err(|notice::NoMail| ApiError::invalid("body", "is no mail: it begins with no headers"))?;
    let Some(notice) = notice else { return Ok(Json(BounceView::default())) };
    let tenant = context.tenant_id;
    let mut tx = context.tx(&app.pool).await?;
    let view = match notice {
        Notice::Delivery { message_id, recipients } => delivery(tx.conn(), tenant, message_id, recipients).await?,
        Notice::Complaint { message_id, recipient, feedback } => {
            complaint(tx.conn(), tenant, message_id, recipient, &feedback).await?
        }
    };
    if view.recipients.iter().any(|recipient| recipient.changed) {
        let addresses: Vec<&str> = view.recipients.iter().map(|bounced| bounced.recipient.as_str()).collect();
        let details = json!({ "kind": view.kind, "message_id": view.message_id, "recipients": view.recipients });
        audit::note(tx.conn(), tenant, &context.actor, "mail.bounced", Some(&addresses.join(", ")), details).await?;
        tx.commit().await?;
    }
    Ok(Json(view))
}

/// A recipient of the notice and the mail it is about.
struct Pair {
    recipient: Recipient,
    mail: Option<SentMail>,
    /// The mail went to this very address, not to one that forwards to it.
    is_own: bool,
}

async fn delivery(
    conn: &mut PgConnection,
    tenant: TenantId,
    message_id: Option<String>,
    mut recipients: Vec<Recipient>,
) -> Result<BounceView, ApiError> {
    recipients.truncate(MOST_RECIPIENTS);
    let addresses: BTreeSet<String> =
        recipients.iter().flat_map(|one| [Some(one.address.clone()), one.original.clone()]).flatten().collect();
    let addresses: Vec<String> = addresses.into_iter().collect();
    let (mails, matched_by) = sent::find(conn, tenant, message_id.as_deref(), &addresses).await?;
    let pairs: Vec<Pair> = recipients.into_iter().map(|recipient| paired(recipient, &mails)).collect();
    let marks: Vec<Mark> = pairs.iter().filter_map(mark).collect();
    let changed = effect::mark(conn, tenant, &marks).await?;
    let views: Vec<NoticeRecipientView> = pairs.into_iter().map(|pair| shown(pair, matched_by, &changed)).collect();
    let (addresses, reasons): (Vec<String>, Vec<String>) = views
        .iter()
        .filter(|view| view.suppressed)
        .map(|view| (view.recipient.clone(), format!("{} {}", view.status.as_deref().unwrap_or_default(), view.reason)))
        .unzip();
    if !addresses.is_empty() {
        effect::mark_mappings(conn, tenant, &addresses, &reasons).await?;
        // One mail, one recipient: these are hardly ever more than one.
        for (address, reason) in addresses.iter().zip(&reasons) {
            suppress(conn, tenant, address, SuppressionReason::Bounced, Some(reason), None).await?;
        }
    }
    let kind = Some(NoticeKind::DeliveryStatus);
    Ok(BounceView { recognised: true, kind, message_id, recipients: views })
}

/// Each mail of ours goes to one address. Where neither address of the notice is that one, somebody forwards it.
fn paired(recipient: Recipient, mails: &[SentMail]) -> Pair {
    let is_to =
        |mail: &&SentMail| mail.recipient == recipient.address || Some(&mail.recipient) == recipient.original.as_ref();
    match (mails.iter().find(is_to), mails) {
        (Some(mail), _) => Pair { mail: Some(mail.clone()), is_own: true, recipient },
        (None, [only]) => Pair { mail: Some(only.clone()), is_own: false, recipient },
        (None, _) => Pair { mail: None, is_own: false, recipient },
    }
}

fn mark(pair: &Pair) -> Option<Mark> {
    let Recipient { address: _, original: _, fate, status, reason } = &pair.recipient;
    Some(Mark { mail: pair.mail.clone()?, fate: *fate, status: status.clone(), reason: reason.clone() })
}

fn shown(pair: Pair, matched_by: MatchedBy, changed: &BTreeSet<MailId>) -> NoticeRecipientView {
    let Pair { recipient, mail, is_own } = pair;
    let Recipient { address, original: _, fate, status, reason } = recipient;
    let changed = mail.as_ref().is_some_and(|mail| changed.contains(&mail.mail_id)) && fate != Fate::Delivered;
    let outcome = match fate {
        Fate::Hard => NoticeOutcome::HardBounce,
        Fate::Soft => NoticeOutcome::SoftBounce,
        Fate::Delayed => NoticeOutcome::Delayed,
        Fate::Delivered => NoticeOutcome::Delivered,
    };
    let suppressed = changed && fate == Fate::Hard && is_own && matched_by != MatchedBy::Recipient;
    let message = match (&mail, fate) {
        (None, _) => "No mail of this tenant is meant: nothing follows.",
        (Some(_), Fate::Delivered) => "The mail arrived: nothing follows.",
        (Some(_), _) if !changed => "This was known: nothing follows.",
        (Some(_), _) if suppressed => "The address gets no mail any more, and its mappings are marked.",
        (Some(_), Fate::Hard) if !is_own => {
            "Noted on the mail's row: not its recipient, but an address it was forwarded to."
        }
        (Some(_), Fate::Hard) => {
            "Noted on the row of the newest mail to the address only: the notice names no message."
        }
        (Some(_), _) => "Noted on the mail's row.",
    };
    NoticeRecipientView {
        // What is done is done to the address that our mail went to.
        recipient: mail.as_ref().filter(|_| is_own).map_or(address, |mail| mail.recipient.clone()),
        outcome,
        status: Some(status),
        reason,
        matched_by: mail.as_ref().map(|_| matched_by),
        mail_id: mail.map(|mail| mail.mail_id),
        changed,
        suppressed,
        message,
    }
}

/// Each mail of ours goes to one address, so its Message-ID tells who complained even where the report hides that.
async fn complaint(
    conn: &mut PgConnection,
    tenant: TenantId,
    message_id: Option<String>,
    recipient: Option<String>,
    feedback: &str,
) -> Result<BounceView, ApiError> {
    let addresses: Vec<String> = recipient.iter().cloned().collect();
    let (mails, matched_by) = match &message_id {
        Some(_) => sent::find(conn, tenant, message_id.as_deref(), &addresses).await?,
        // Who complains of no message of ours, complains of somebody else's.
        None => (Vec::new(), MatchedBy::MessageId),
    };
    let mut views = Vec::new();
    // RFC 5965 and IANA's list: some reports are no complaints.
    let is_complaint = !["not-spam", "virus", "auth-failure", "dmarc"].contains(&feedback);
    for mail in &mails {
        let changed = is_complaint && effect::mark_complaint(conn, tenant, mail, feedback).await?;
        if changed {
            let note = format!("Complaint: {feedback}");
            suppress(conn, tenant, &mail.recipient, SuppressionReason::Complained, Some(&note), None).await?;
        }
        views.push(NoticeRecipientView {
            recipient: mail.recipient.clone(),
            outcome: NoticeOutcome::Complaint,
            status: None,
            reason: feedback.to_owned(),
            matched_by: Some(matched_by),
            mail_id: Some(mail.mail_id),
            changed,
            suppressed: changed,
            message: match (is_complaint, changed) {
                (false, _) => "The report is no complaint: nothing follows.",
                (true, false) => "This was known: nothing follows.",
                (true, true) => "The address gets no mail any more.",
            },
        });
    }
    if let (Some(recipient), true) = (recipient, mails.is_empty()) {
        views.push(NoticeRecipientView {
            recipient,
            outcome: NoticeOutcome::Complaint,
            status: None,
            reason: feedback.to_owned(),
            matched_by: None,
            mail_id: None,
            changed: false,
            suppressed: false,
            message: "No mail of this tenant is meant: nothing follows.",
        });
    }
    Ok(BounceView { recognised: true, kind: Some(NoticeKind::Complaint), message_id, recipients: views })
}
