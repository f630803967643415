//! One connection to a mail server, command by command.

use std::{
    fmt::Display,
    iter,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use common::config::MailSettings;
use lettre::{
    Address,
    transport::smtp::{
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Rcpt, Rset},
        extension::{Extension, MailBodyParameter, MailParameter},
        response::Response,
    },
};
use tokio::time::{Instant, timeout};

use super::{
    open,
    reply::{Reply, described, late, lost},
};
use crate::email::outlet::MailServer;

/// The longest that a connection which nobody needs any more is listened to.
const FAREWELL: Duration = Duration::from_secs(5);

/// How many times as long as a command's reply that to a whole mail may take, which the server may be searching for spam just
/// then: who goes away earlier does not know whether it was accepted. RFC 5321, 4.5.3.2.6, wants this to be long.
const CONTENT_PATIENCE: u32 = 5;

/// What to do about what went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Never again for this mail (5xx).
    Final,
    /// Later (4xx); after so long where the server said.
    Later(Option<Duration>),
    /// The whole server wants less, or is away (421, 454, no connection): not this mail's fault.
    SlowDown(Option<Duration>),
    /// The server cannot be used as it is configured (wrong password, no STARTTLS, a certificate that does not fit): no mail
    /// can go until a person changes that.
    Unusable,
}

/// Nothing was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) verdict: Verdict,
    /// The server's reply, `550 5.1.1 …`, in one line; none where it said nothing.
    pub(crate) reply: Option<String>,
    /// What happened, for people. Of the reply it has code and enhanced status only.
    pub(crate) reason: String,
    /// Whether the connection can go on.
    pub(crate) is_open: bool,
}

/// A connection could not be had. `step` is `address`, `connect`, `tls` or `login`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenError {
    pub(crate) step: &'static str,
    pub(crate) refusal: Refusal,
}

/// How the content of a mail fared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The server's reply to the final dot.
    Accepted(String),
    Refused(Refusal),
    /// Sent, and no reply was seen: it may have been accepted or not.
    Unknown(String),
}

/// An open connection.
pub(crate) struct Connection {
    smtp: AsyncSmtpConnection,
    timeout: Duration,
    /// An envelope was begun that no accepted or refused mail has ended.
    is_begun: bool,
    /// Its addresses are not ASCII, so the mail need not be either.
    is_utf8: bool,
    is_broken: bool,
    /// How many mails it has accepted.
    mails: u32,
    used: Instant,
}

impl Connection {
    /// Connects and logs in. An operator's server may be in a private network, a tenant's only with `allow_private`.
    ///
    /// # Errors
    /// The step that failed, and what to do about it.
    pub(crate) async fn open(server: &MailServer, mail: &MailSettings, allow_private: bool) -> Result<Self, OpenError> {
        Self::open_step_by_step(server, mail, allow_private, |_| ()).await
    }

    /// As [`Connection::open`]; `begins` hears of each step before it is taken.
    ///
    /// # Errors
    /// As there.
    pub(super) async fn open_step_by_step(
        server: &MailServer,
        mail: &MailSettings,
        allow_private: bool,
        begins: impl FnMut(&'static str),
    ) -> Result<Self, OpenError> {
        let smtp = open::open(server, mail, allow_private, begins).await?;
        let (timeout, used) = (mail.timeout, Instant::now());
        Ok(Self { smtp, timeout, is_begun: false, is_utf8: false, is_broken: false, mails: 0, used })
    }

    /// MAIL and RCPT: nothing can be accepted before [`Connection::data`].
    ///
    /// # Errors
    /// The server refused one of them.
    pub(crate) async fn envelope(&mut self, from: &Address, to: &Address) -> Result<(), Refusal> {
        self.sender(from, to).await?;
        self.recipient(to).await
    }

    /// MAIL, for a mail to this recipient.
    ///
    /// # Errors
    /// The server refused the sender, or cannot send to such a recipient.
    pub(super) async fn sender(&mut self, from: &Address, to: &Address) -> Result<(), Refusal> {
        if self.is_begun && !self.reset().await {
            return Err(lost(Verdict::Later(None), "The connection to the mail server was lost.".to_owned()));
        }
        let (from_text, to_text): (&str, &str) = (from.as_ref(), to.as_ref());
        self.is_utf8 = !(from_text.is_ascii() && to_text.is_ascii());
        let mut parameters = Vec::new();
        if self.is_utf8 {
            if !self.smtp.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(not_sendable("The address has letters that this mail server cannot send to (SMTPUTF8)."));
            }
            parameters = vec![MailParameter::SmtpUtfEight, MailParameter::Body(MailBodyParameter::EightBitMime)];
        }
        self.is_begun = true;
        self.expect(250, Mail::new(Some(from.clone()), parameters), "the sender").await
    }

    /// RCPT, after [`Connection::sender`].
    ///
    /// # Errors
    /// The server refused the recipient.
    pub(super) async fn recipient(&mut self, to: &Address) -> Result<(), Refusal> {
        // 251, "will forward", is as good.
        let reply = self.say(Rcpt::new(to.clone(), Vec::new()), "the recipient").await?;
        if reply.has_code(250) || reply.has_code(251) { Ok(()) } else { Err(self.confused()) }
    }

    /// DATA and the mail up to its final dot, and the reply.
    pub(crate) async fn data(&mut self, mail: &[u8]) -> Delivery {
        if let Some(why) = unsendable(mail, self.is_utf8) {
            return Delivery::Refused(not_sendable(why));
        }
        if let Err(refusal) = self.expect(354, Data, "the mail").await {
            return Delivery::Refused(refusal);
        }
        // lettre ends the content with CRLF before the final dot.
        let content = mail.strip_suffix(b"\r\n").unwrap_or(mail);
        // Asked for more after the content is written, and before the final dot is: as long as nobody has asked, the server
        // cannot have accepted anything.
        let is_ended = AtomicBool::new(false);
        let end = iter::from_fn(|| {
            is_ended.store(true, Ordering::Relaxed);
            None
        });
        let patience = self.timeout.saturating_mul(CONTENT_PATIENCE);
        let sent = timeout(patience, self.smtp.message_iter(iter::once(content).chain(end))).await;
        self.used = Instant::now();
        let reason = match sent {
            Ok(Ok(reply)) if (200..300).contains(&u16::from(reply.code())) => {
                self.is_begun = false;
                self.mails += 1;
                return Delivery::Accepted(Reply::of(&reply).line);
            }
            Ok(Ok(_)) => "the mail server's reply to the mail could not be understood".to_owned(),
            Ok(Err(error)) => match Reply::of_error(&error) {
                Some(reply) => {
                    let refusal = reply.refusal("the mail");
                    self.is_begun = false;
                    self.is_broken |= !refusal.is_open;
                    return Delivery::Refused(refusal);
                }
                None => described(&error),
            },
            Err(_) => format!("the mail server did not answer within {} seconds", patience.as_secs()),
        };
        self.is_broken = true;
        if is_ended.into_inner() {
            Delivery::Unknown(format!("The mail was sent, but {reason}: it may have been accepted or not."))
        } else {
            let reason = format!("The mail could not be sent as a whole: {reason}.");
            Delivery::Refused(lost(Verdict::Later(None), reason))
        }
    }

    /// RSET, after an envelope that is not followed by data. Whether the connection can go on.
    pub(crate) async fn reset(&mut self) -> bool {
        if self.is_broken {
            return false;
        }
        self.is_begun = false;
        self.expect(250, Rset, "a new mail").await.is_ok()
    }

    /// QUIT; that the server says goodbye is not waited for long.
    pub(crate) async fn quit(mut self) {
        if !self.is_broken {
            let _goodbye = timeout(self.timeout.min(FAREWELL), self.smtp.quit()).await;
        }
    }

    /// Whether another mail can be sent on it.
    pub(super) fn is_usable(&self) -> bool {
        !self.is_broken
    }

    /// How many mails it has accepted.
    pub(super) fn mails(&self) -> u32 {
        self.mails
    }

    /// When the server was last heard on it.
    pub(super) fn used(&self) -> Instant {
        self.used
    }

    #[cfg(test)]
    pub(super) fn age(&mut self, long: Duration) {
        self.used = self.used.checked_sub(long).unwrap_or(self.used);
    }

    /// A command that has one good reply.
    async fn expect(&mut self, code: u16, command: impl Display, what: &str) -> Result<(), Refusal> {
        if self.say(command, what).await?.has_code(code) { Ok(()) } else { Err(self.confused()) }
    }

    async fn say(&mut self, command: impl Display, what: &str) -> Result<Response, Refusal> {
        let said = timeout(self.timeout, self.smtp.command(command)).await;
        self.used = Instant::now();
        let refusal = match said {
            Ok(Ok(reply)) => return Ok(reply),
            Ok(Err(error)) => match Reply::of_error(&error) {
                Some(reply) => reply.refusal(what),
                None => lost(Verdict::Later(None), format!("The mail was not sent: {}.", described(&error))),
            },
            Err(_) => lost(Verdict::Later(None), late(self.timeout)),
        };
        self.is_broken |= !refusal.is_open;
        Err(refusal)
    }

    /// A reply that fits another command: from here on every reply could be to something else.
    fn confused(&mut self) -> Refusal {
        self.is_broken = true;
        lost(Verdict::Later(None), "The mail server's reply could not be understood.".to_owned())
    }
}

/// This mail can never go this way, whatever the server says; the connection is as it was.
fn not_sendable(why: &str) -> Refusal {
    Refusal { verdict: Verdict::Final, reply: None, reason: why.to_owned(), is_open: true }
}

/// Why the bytes are no mail that may be sent. Servers disagree about lines that do not end in CRLF: what one takes for a
/// mail, another one may take for two.
fn unsendable(mail: &[u8], is_utf8: bool) -> Option<&'static str> {
    let ends = |pair: &[u8]| {
        matches!(pair, [b'\r', next] if *next != b'\n') || matches!(pair, [before, b'\n'] if *before != b'\r')
    };
    if mail.windows(2).any(ends) || mail.first() == Some(&b'\n') || mail.last() == Some(&b'\r') {
        return Some("The mail has a line that does not end as lines of mails do.");
    }
    (!is_utf8 && !mail.is_ascii()).then_some("The mail has letters that are not encoded.")
}
