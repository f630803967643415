//! A mail as it goes over the wire (RFC 5322, MIME): headers set by us, text and HTML parts, signed where there is a key.

use chrono::{DateTime, Utc};
use lettre::message::Mailbox;

use crate::email::outlet::DkimKey;

/// What a mail is made of.
#[derive(Debug)]
pub(crate) struct Letter<'a> {
    pub(crate) from: &'a Mailbox,
    pub(crate) to: Mailbox,
    pub(crate) subject: &'a str,
    pub(crate) html: &'a str,
    pub(crate) text: &'a str,
    /// With its angle brackets.
    pub(crate) message_id: &'a str,
    pub(crate) date: DateTime<Utc>,
    pub(crate) unsubscribe_url: &'a str,
    pub(crate) dkim: Option<&'a DkimKey>,
}

/// The mail's bytes.
///
/// # Errors
/// Something in it cannot be written into a mail.
pub(crate) fn compose(_letter: &Letter<'_>) -> anyhow::Result<Vec<u8>> {
    anyhow::bail!("not there yet")
}
