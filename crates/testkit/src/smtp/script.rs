//! What a mail server answers when.

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Greeting,
    Ehlo,
    StartTls,
    Auth,
    Mail,
    Rcpt,
    Reset,
    /// The reply to DATA.
    Data,
    /// The first line of the content has arrived.
    Content,
    /// The final dot has.
    End,
    Quit,
}

/// What the server does there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// What a server says that has nothing against it.
    Ok,
    /// This; 4xx and 5xx refuse. May have several lines.
    Say(String),
    /// Nothing, for ever.
    Hang,
    /// Closes the connection.
    Cut,
    /// At the end: keeps the mail and closes the connection without a word.
    KeepAndCut,
    /// At the end: keeps the mail and says nothing, for ever.
    KeepAndHang,
}

impl Answer {
    /// These words.
    pub fn say(text: impl Into<String>) -> Self {
        Self::Say(text.into())
    }
}

/// Of the session that is to be answered.
#[derive(Debug, Clone, Default)]
pub struct Talk {
    /// The connection's number, from 1.
    pub connection: usize,
    pub is_tls: bool,
    pub from: String,
    /// Also the one that is being named.
    pub to: String,
    /// How often this recipient was named before, on whatever connection.
    pub before: usize,
}

/// The answers of a server that does as the recipient is called: the part of the name before a `+`, so that there can be
/// several of each. The server in Python does the same.
///
/// `421`, `450` (once for each address, then well), `451`, `454`, `550`, `552` (after the content), `hang`, `cut-before-data`,
/// `cut-in-content`, `cut-after-data`, `kept-after-data` (closes without a reply, and has kept it); all others are well.
#[must_use]
pub fn by_recipient(phase: Phase, talk: &Talk) -> Answer {
    let local = talk.to.split('@').next().unwrap_or_default();
    let name = local.split('+').next().unwrap_or_default();
    match (name, phase) {
        ("421", Phase::Rcpt) => Answer::say("421 4.7.0 Too much mail from you, try again later"),
        ("450", Phase::Rcpt) if talk.before == 0 => Answer::say("450 4.2.0 Greylisted, try again in 300 seconds"),
        ("451", Phase::Rcpt) => Answer::say("451 4.3.0 Local error in processing"),
        ("454", Phase::Rcpt) => Answer::say("454 4.7.0 Throttling failure: Maximum sending rate exceeded"),
        ("550", Phase::Rcpt) => Answer::say("550 5.1.1 No such user here"),
        ("552", Phase::End) => Answer::say("552 5.2.2 Mailbox full"),
        ("hang", Phase::End) => Answer::Hang,
        ("cut-before-data", Phase::Data) | ("cut-in-content", Phase::Content) | ("cut-after-data", Phase::End) => {
            Answer::Cut
        }
        ("kept-after-data", Phase::End) => Answer::KeepAndCut,
        _ => Answer::Ok,
    }
}
