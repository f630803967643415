//! What a mail from the mailbox of notices says: which message, which recipients, and what became of it.

#[cfg(test)]
mod tests;

use mail_parser::{HeaderName, MessageParser};

use super::{
    fields::{self, Block, blocks},
    parts::{self, Part},
};

/// A report on a message of ours, or of somebody else's.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Notice {
    /// What became of the delivery (RFC 3464).
    Delivery {
        /// Of the message reported on, without angle brackets.
        message_id: Option<String>,
        recipients: Vec<Recipient>,
    },
    /// Somebody does not want it (RFC 5965).
    Complaint {
        message_id: Option<String>,
        recipient: Option<String>,
        /// `abuse` and so on.
        feedback: String,
    },
}

/// What became of the message for one recipient.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Recipient {
    /// As the last server knew it, in lower case.
    pub(super) address: String,
    /// As the sender wrote it, where that is told.
    pub(super) original: Option<String>,
    pub(super) fate: Fate,
    /// RFC 3463, such as 5.1.1; .0.0 where only its class is known.
    pub(super) status: String,
    /// In the words of the server that refused it.
    pub(super) reason: String,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It did not arrive, and nothing will: there is no such address (5.x.x, but for what is said of the message).
    Hard,
    /// It did not arrive, for a reason that may pass.
    Soft,
    /// It is still tried.
    Delayed,
    /// It arrived, or was handed on.
    Delivered,
}

/// The bytes are no mail.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoMail;

/// Reads a mail; `None` where it is no report.
///
/// # Errors
/// It is no mail at all.
pub(super) fn read(raw: &[u8]) -> Result<Option<Notice>, NoMail> {
    let opened = parts::open(raw).ok_or(NoMail)?;
    let Some(parts) = opened.parts else { return Ok(None) };
    let part = |kinds: &[&str]| parts.iter().find(|part| kinds.contains(&part.kind.as_str()));
    let returned = part(&["message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"]);
    let message_id = returned.and_then(|part| returned_header(part, HeaderName::MessageId));
    if let Some(report) = part(&["message/delivery-status", "message/global-delivery-status"]) {
        let blocks = blocks(&report.content);
        let message_id = message_id
            .or_else(|| blocks.iter().find_map(|block| fields::message_id(block.get("x-original-message-id")?)))
            .or_else(|| fields::message_id(&opened.in_reply_to?));
        let recipients: Vec<Recipient> = blocks.iter().filter_map(recipient).collect();
        return Ok((!recipients.is_empty()).then_some(Notice::Delivery { message_id, recipients }));
    }
    let is_feedback = opened.report_type == "feedback-report";
    let Some(report) = part(&["message/feedback-report"]).filter(|_| is_feedback) else { return Ok(None) };
    let Some(block) = blocks(&report.content).into_iter().next() else { return Ok(None) };
    let feedback = block.get("feedback-type").unwrap_or("abuse").to_ascii_lowercase();
    let recipient = block.get("original-rcpt-to").and_then(fields::address);
    Ok(Some(Notice::Complaint { message_id, recipient, feedback }))
}

fn returned_header(part: &Part, name: HeaderName<'static>) -> Option<String> {
    let (head, _) = parts::split_head(part.content.trim_ascii_start());
    let head = parts::ended(head);
    let mail = MessageParser::new().header_id(HeaderName::MessageId).default_header_ignore().parse_headers(&head)?;
    fields::message_id(mail.header(name)?.as_text()?)
}

/// The recipient that a block of fields is about; the first block of a report is about the message.
fn recipient(block: &Block) -> Option<Recipient> {
    let original = block.get("original-recipient").and_then(fields::address);
    let address = block.get("final-recipient").and_then(fields::address).or_else(|| original.clone())?;
    let action = block.get("action")?.to_ascii_lowercase();
    let diagnostic = block.get("diagnostic-code").map(fields::diagnostic).unwrap_or_default();
    let status = block.get("status").and_then(fields::status);
    let class = status.as_ref().and_then(|status| status.chars().next()).or_else(|| fields::reply_class(&diagnostic));
    // A comment may follow the word.
    let action = action.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default();
    let fate = match (action, class) {
        ("failed", Some('5')) => Fate::Hard,
        ("failed", _) => Fate::Soft,
        ("delayed", _) => Fate::Delayed,
        ("delivered" | "relayed" | "expanded", _) => Fate::Delivered,
        _ => return None,
    };
    // The general status 5.0.0 says less than what the last server answered.
    let precise = fields::status(&diagnostic).filter(|precise| precise.chars().next() == class);
    let status = match status {
        Some(status) if status.ends_with(".0.0") => Some(precise.unwrap_or(status)),
        Some(status) => Some(status),
        None => precise,
    };
    let status = status.unwrap_or_else(|| format!("{}.0.0", class.unwrap_or('4')));
    let fate = if fate == Fate::Hard && !is_about_address(&status) { Fate::Soft } else { fate };
    let reason = if diagnostic.is_empty() { block.get("status").unwrap_or_default().to_owned() } else { diagnostic };
    Some(Recipient { address, original, fate, status, reason })
}

/// RFC 3463: the sender's address, a full mailbox, a message that is too large or of a kind that is not taken, a system that is
/// full or busy, a loop or the end of patience on the way, a command that was not understood, a server's policy or its opinion
/// of the sender say nothing of whether the address will have the next mail.
fn is_about_address(status: &str) -> bool {
    const OTHERS: [&str; 11] =
        ["5.1.7", "5.1.8", "5.2.2", "5.2.3", "5.3.1", "5.3.2", "5.3.3", "5.3.4", "5.4.5", "5.4.6", "5.4.7"];
    // 5.5.0 is what some say of a mailbox that is not there.
    let is_of_protocol = status.starts_with("5.5.") && status != "5.5.0";
    !(OTHERS.contains(&status) || is_of_protocol || status.starts_with("5.6.") || status.starts_with("5.7."))
}
