//! What a server answered: in one line, and what to do about it.

use std::{error::Error as _, io, time::Duration};

use lettre::transport::smtp::{Error, response::Response};

use super::{
    connection::{Refusal, Verdict},
    hint,
};

/// Of a reply, what is kept at most.
const LONGEST: usize = 500;

/// A reply: its code, and all of it in one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) code: u16,
    /// `550 5.1.1 no such user`: lines joined with spaces, no control characters, at most 500 characters.
    pub(super) line: String,
}

impl Reply {
    pub(super) fn of(response: &Response) -> Self {
        let lines: Vec<&str> = response.message().collect();
        Self::new(response.code().into(), &lines.join(" "))
    }

    /// The reply that an error is about; none where there was no reply.
    pub(super) fn of_error(error: &Error) -> Option<Self> {
        let code = error.status()?;
        Some(Self::new(code.into(), &error.source().map(ToString::to_string).unwrap_or_default()))
    }

    fn new(code: u16, text: &str) -> Self {
        let text: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let words = std::iter::once(code.to_string()).chain(text.split_whitespace().map(str::to_owned));
        let line: String = words.collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect();
        Self { code, line }
    }

    /// The enhanced status (RFC 3463), such as `5.1.1`.
    pub(super) fn enhanced(&self) -> Option<&str> {
        let status = self.line.split(' ').nth(1)?;
        let parts: Vec<&str> = status.split('.').collect();
        let is_number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let is_status =
            parts.len() == 3 && parts.iter().all(is_number) && matches!(parts.first(), Some(&"2" | &"4" | &"5"));
        is_status.then_some(status)
    }

    /// Code and enhanced status: what of a reply is said to whoever named the server.
    pub(super) fn status(&self) -> String {
        let code = self.code;
        self.enhanced().map_or_else(|| code.to_string(), |enhanced| format!("{code} {enhanced}"))
    }

    /// What a refusal with this reply means.
    pub(super) fn verdict(&self) -> Verdict {
        let wanted = || hint::wanted(&self.line);
        match (self.code, self.enhanced()) {
            // It wants a login, another one, or a protected connection.
            (530 | 534 | 535 | 538, _) => Verdict::Unusable,
            // 432 is Exchange's for too many at the same time; 4.3.2 and 4.7.500 say that it takes nothing now.
            (421 | 432 | 454, _) | (400..500, Some("4.3.2" | "4.7.500")) => Verdict::SlowDown(wanted()),
            (400..500, _) => Verdict::Later(wanted()),
            _ => Verdict::Final,
        }
    }

    /// As the refusal of `what` (`the recipient`). The connection goes on, unless the server says that it ends it.
    pub(super) fn refusal(&self, what: &str) -> Refusal {
        let verdict = self.verdict();
        let status = self.status();
        let reason = match verdict {
            Verdict::Final | Verdict::Unusable => format!("The mail server refused {what} ({status})."),
            Verdict::Later(_) => format!("The mail server did not take {what} for now ({status})."),
            Verdict::SlowDown(_) => format!("The mail server asks for a pause; it did not take {what} ({status})."),
        };
        Refusal { verdict, reply: Some(self.line.clone()), reason, is_open: self.code != 421 }
    }
}

/// What went wrong where there was no reply, for people.
pub(super) fn described(error: &Error) -> String {
    if error.is_response() {
        return "the mail server's reply could not be understood, or the connection was closed".to_owned();
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(cause) = cause.downcast_ref::<io::Error>() {
            return broken(cause);
        }
        source = cause.source();
    }
    "the connection failed".to_owned()
}

/// How a connection broke, for people.
pub(super) fn broken(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "the mail server refuses connections".to_owned(),
        io::ErrorKind::TimedOut => "the mail server did not answer in time".to_owned(),
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            "the connection was closed by the mail server".to_owned()
        }
        io::ErrorKind::UnexpectedEof => "the connection was closed by the mail server".to_owned(),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            "the mail server cannot be reached over the network".to_owned()
        }
        _ => format!("the connection failed ({})", error.kind()),
    }
}

/// A refusal without a reply; the connection is lost.
pub(super) fn lost(verdict: Verdict, reason: String) -> Refusal {
    Refusal { verdict, reply: None, reason, is_open: false }
}

/// What is said where a reply took longer.
pub(super) fn late(timeout: Duration) -> String {
    format!("The mail server did not answer within {} seconds.", timeout.as_secs())
}
