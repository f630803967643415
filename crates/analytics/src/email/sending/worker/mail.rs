//! A mail that waits, as the worker needs it, and what became of a try.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use common::ids::MailId;
use lettre::{Address, message::Mailbox};
use uuid::Uuid;

/// Which row it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum MailKey {
    /// Of `email_send_history`.
    Report(MailId),
    /// Of `mail_outbox`.
    Outbox(Uuid),
}

impl MailKey {
    pub(super) fn uuid(self) -> Uuid {
        match self {
            Self::Report(id) => id.uuid(),
            Self::Outbox(id) => id,
        }
    }

    pub(super) fn is_report(self) -> bool {
        matches!(self, Self::Report(_))
    }
}

/// What is in it.
#[derive(Debug, Clone)]
pub(super) enum Content {
    Report { date: NaiveDate, branch_codes: Vec<String>, subject: String, note: Option<String> },
    Outbox { kind: String, sealed: Vec<u8> },
}

/// A mail that waits.
#[derive(Debug, Clone)]
pub(super) struct Mail {
    pub(super) key: MailKey,
    pub(super) email: String,
    pub(super) name: Option<String>,
    pub(super) content: Content,
    /// Tries so far.
    pub(super) attempts: i32,
    pub(super) queued_at: DateTime<Utc>,
}

impl Mail {
    /// # Errors
    /// The address is none that mail can be sent to.
    pub(super) fn recipient(&self) -> Result<Mailbox, lettre::address::AddressError> {
        let address: Address = self.email.trim().parse()?;
        // A name is decoration: without its control characters, or not at all.
        let name = self.name.as_deref().map(|name| name.chars().filter(|c| !c.is_control()).collect::<String>());
        Ok(Mailbox::new(name.filter(|name| !name.trim().is_empty()), address))
    }

    /// The same on every try, so that a receiver's log can be asked for it.
    pub(super) fn message_id(&self, from: &Address) -> String {
        format!("<{}@{}>", self.key.uuid(), from.domain())
    }
}

/// What became of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Sent {
        reply: String,
    },
    /// Not to be tried again.
    Failed {
        reply: Option<String>,
        reason: String,
    },
    /// To be tried again; after so long where the server said.
    Later {
        after: Option<Duration>,
        reply: Option<String>,
        reason: String,
    },
    /// The mail had no try: the server wants none now.
    PutBack,
    Unknown {
        reason: String,
    },
}
