//! One connection to a mail server, command by command.

use std::time::Duration;

use lettre::Address;

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
    /// What happened, for people.
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
pub(crate) struct Connection {}

impl Connection {
    /// MAIL and RCPT: nothing can be accepted before [`Connection::data`].
    ///
    /// # Errors
    /// The server refused one of them.
    pub(crate) async fn envelope(&mut self, _from: &Address, _to: &Address) -> Result<(), Refusal> {
        Ok(())
    }

    /// DATA and the mail up to its final dot, and the reply.
    pub(crate) async fn data(&mut self, _mail: &[u8]) -> Delivery {
        Delivery::Unknown(String::new())
    }

    /// RSET, after an envelope that is not followed by data.
    pub(crate) async fn reset(&mut self) -> bool {
        false
    }
}
