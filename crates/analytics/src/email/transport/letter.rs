//! A mail as it goes over the wire (RFC 5322, MIME): headers set by us, text and HTML parts, signed where there is a key.

use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use lettre::{
    Message,
    address::Envelope,
    message::{
        Mailbox, Mailboxes, MultiPart,
        header::{From, HeaderName, HeaderValue, To},
    },
};

use crate::email::outlet::DkimKey;

/// The longest line that a mail may have, without its CRLF (RFC 5322, 2.1.1).
const LONGEST_LINE: usize = 998;
/// Longer subjects are cut; no mail program shows as much.
const LONGEST_SUBJECT: usize = 250;
const LONGEST_NAME: usize = 200;

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

/// The mail's bytes: lines end in CRLF, none is longer than 998 octets, and all of it is ASCII but for addresses that are not.
///
/// # Errors
/// Something in it cannot be written into a mail.
pub(crate) fn compose(letter: &Letter<'_>) -> anyhow::Result<Vec<u8>> {
    let Letter { from, to, subject, html, text, message_id, date, unsubscribe_url, dkim } = letter;
    check_address(from)?;
    check_address(to)?;
    let message_id = message_id_value(message_id)?;
    let unsubscribe = unsubscribe_value(unsubscribe_url)?;
    let envelope = Envelope::new(Some(from.email.clone()), vec![to.email.clone()])?;
    let mut message = Message::builder()
        .envelope(envelope)
        .from(Mailbox::new(None, from.email.clone()))
        .to(Mailbox::new(None, to.email.clone()))
        .subject(one_line(subject, LONGEST_SUBJECT))
        .date((*date).into())
        .raw_header(plain("Message-ID", message_id))
        .raw_header(plain("List-Unsubscribe", unsubscribe))
        .raw_header(plain("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()))
        .raw_header(plain("Auto-Submitted", "auto-generated".to_owned()))
        .multipart(MultiPart::alternative_plain_html(lines(text), lines(html)))
        .context("the mail could not be put together")?;
    // Only now with their names: the builder reads these headers back, and not every name survives that.
    message.headers_mut().set(From::from(Mailboxes::from(named(from))));
    message.headers_mut().set(To::from(Mailboxes::from(named(to))));
    if let Some(key) = dkim {
        message.sign(&key.config);
    }
    Ok(message.formatted())
}

/// A header that is neither folded nor encoded: lettre would encode what it takes for a word that is not ASCII, and readers
/// of these headers do not decode. `value` has been checked.
fn plain(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), value.clone(), value)
}

/// Whether it can stand in a header without being encoded.
fn is_token(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'<' && byte != b'>')
}

fn message_id_value(id: &str) -> anyhow::Result<String> {
    let inner = id.strip_prefix('<').and_then(|id| id.strip_suffix('>')).unwrap_or_default();
    let (left, right) = inner.split_once('@').unwrap_or_default();
    ensure!(
        !left.is_empty() && !right.is_empty() && !right.contains('@') && is_token(inner) && inner.len() <= 250,
        "`{}` is no Message-ID",
        id.escape_debug()
    );
    Ok(id.to_owned())
}

fn unsubscribe_value(url: &str) -> anyhow::Result<String> {
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    ensure!(is_web && is_token(url), "the address for unsubscribing is no web address");
    ensure!(
        "List-Unsubscribe: <>".len() + url.len() <= LONGEST_LINE,
        "the address for unsubscribing has {} characters, which is more than fit on a line",
        url.len()
    );
    Ok(format!("<{url}>"))
}

/// What lettre takes for an address may hold quoted parts; nothing in it ends a line or the address.
fn check_address(mailbox: &Mailbox) -> anyhow::Result<()> {
    let address: &str = mailbox.email.as_ref();
    if address.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>')) || address.len() > 320 {
        bail!("`{}` is no address that mail can be sent to", address.escape_debug());
    }
    Ok(())
}

fn named(mailbox: &Mailbox) -> Mailbox {
    let name = mailbox.name.as_deref().map(|name| one_line(name, LONGEST_NAME)).filter(|name| !name.is_empty());
    Mailbox::new(name, mailbox.email.clone())
}

/// Text for a header: one line, single spaces, at most `most` characters. `=?` would be read as the beginning of an encoded
/// word, with which a text could show as another one.
fn one_line(text: &str, most: usize) -> String {
    let spaced: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let line = words.join(" ").replace("=?", "= ?");
    match line.char_indices().nth(most) {
        None => line,
        Some((end, _)) => {
            let kept = line.get(..end).unwrap_or_default().trim_end();
            format!("{kept}…")
        }
    }
}

/// Text for a body: lines end in LF, which lettre makes CRLF, and nothing else controls anything.
fn lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| matches!(c, '\n' | '\t') || !c.is_control()).collect()
}
