//! The parts that a report consists of (RFC 6522), each with its type and its decoded content.
//!
//! Only the report's own parts are opened: mail-parser (0.11.9) overflows the stack on messages nested in messages some ten
//! thousand deep, which is no more than 2 MiB, and that ends the process.

use std::borrow::Cow;

use mail_parser::{Header, HeaderName, MessageParser, MimeHeaders};

/// Longer headers are cut: no real mail has them.
const MOST_HEADERS: usize = 128 * 1024;
/// A report has three.
const MOST_PARTS: usize = 16;
/// Longer parts are cut. What is needed of the returned mail is at its head.
const MOST_CONTENT: usize = 512 * 1024;

/// A part of a report.
#[derive(Debug)]
pub(super) struct Part {
    /// In lower case, such as `message/delivery-status`; empty where it has none.
    pub(super) kind: String,
    /// Decoded.
    pub(super) content: Vec<u8>,
}

/// A mail, as far as a report is one.
#[derive(Debug)]
pub(super) struct Opened {
    /// The parameter `report-type` in lower case.
    pub(super) report_type: String,
    /// None where the mail is no report.
    pub(super) parts: Option<Vec<Part>>,
    /// What the mail answers, without angle brackets.
    pub(super) in_reply_to: Option<String>,
}

/// Opens a mail; `None` where it is none.
pub(super) fn open(raw: &[u8]) -> Option<Opened> {
    let raw = without_envelope(raw);
    let (head, body) = split_head(raw);
    let parser = MessageParser::new()
        .header_content_type(HeaderName::ContentType)
        .header_id(HeaderName::InReplyTo)
        .default_header_ignore();
    let head = ended(head);
    let mail = parser.parse_headers(&head)?;
    if !mail.headers().iter().any(is_field) {
        return None;
    }
    let in_reply_to = mail.in_reply_to().as_text().map(str::to_owned);
    let content_type = mail.content_type().filter(|kind| {
        let is = |text: &str, wanted: &str| text.eq_ignore_ascii_case(wanted);
        is(kind.ctype(), "multipart") && kind.subtype().is_some_and(|subtype| is(subtype, "report"))
    });
    let attribute = |name| content_type.and_then(|kind| kind.attribute(name));
    let report_type = attribute("report-type").unwrap_or_default().to_ascii_lowercase();
    let parts = attribute("boundary")
        .map(|boundary| split(body, boundary.as_bytes()).into_iter().take(MOST_PARTS).map(part).collect());
    Some(Opened { report_type, parts, in_reply_to })
}

/// A name before the colon as real headers have it: anything at all has colons.
fn is_field(header: &Header<'_>) -> bool {
    let name = header.name();
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Mailboxes on disk put a line before each mail.
fn without_envelope(raw: &[u8]) -> &[u8] {
    let raw = raw.trim_ascii_start();
    if !raw.starts_with(b"From ") {
        return raw;
    }
    raw.iter().position(|byte| *byte == b'\n').and_then(|end| raw.get(end + 1..)).unwrap_or_default()
}

/// The headers and the rest.
pub(super) fn split_head(raw: &[u8]) -> (&[u8], &[u8]) {
    let mut from = 0;
    while let Some(end) = line_end(raw, from) {
        if raw.get(from..end).is_some_and(|line| line.trim_ascii().is_empty()) {
            return (cut(raw.get(..from).unwrap_or_default(), MOST_HEADERS), raw.get(end..).unwrap_or_default());
        }
        from = end;
    }
    (cut(raw, MOST_HEADERS), &[])
}

/// Headers with the empty line after them, without which the parser takes them for unfinished.
pub(super) fn ended(head: &[u8]) -> Vec<u8> {
    [head, b"\r\n\r\n"].concat()
}

/// After the line that begins at `from`.
fn line_end(raw: &[u8], from: usize) -> Option<usize> {
    raw.get(from..)?.iter().position(|byte| *byte == b'\n').map(|at| from + at + 1)
}

fn cut(bytes: &[u8], most: usize) -> &[u8] {
    bytes.get(..most).unwrap_or(bytes)
}

/// What stands between the delimiter lines of a boundary (RFC 2046); the last one may be missing.
fn split<'a>(body: &'a [u8], boundary: &[u8]) -> Vec<&'a [u8]> {
    let mut found = Vec::new();
    let mut part = None;
    let mut from = 0;
    while from < body.len() && found.len() < MOST_PARTS {
        let end = line_end(body, from).unwrap_or(body.len());
        let line = body.get(from..end).unwrap_or_default().trim_ascii_end();
        let rest = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary));
        if rest == Some(b"") || rest == Some(b"--") {
            found.extend(part.and_then(|start| body.get(start..from)));
            part = (rest == Some(b"")).then_some(end);
            if part.is_none() {
                return found;
            }
        }
        from = end;
    }
    found.extend(part.and_then(|start| body.get(start..)));
    found
}

/// A part with its content decoded. What is nested in it stays closed.
fn part(raw: &[u8]) -> Part {
    let (head, body) = split_head(raw);
    let ended = ended(head);
    let parser = MessageParser::new().with_mime_headers().default_header_ignore();
    let headers = parser.parse_headers(&ended);
    let header = |name: HeaderName<'static>| headers.as_ref().and_then(|mail| mail.header(name)).cloned();
    let kind =
        header(HeaderName::ContentType).and_then(|value| value.into_content_type()).map_or_else(String::new, |kind| {
            format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default()).to_ascii_lowercase()
        });
    let encoding = header(HeaderName::ContentTransferEncoding).and_then(|value| value.into_text());
    Part { kind, content: decoded(cut(body, MOST_CONTENT), encoding.as_deref().unwrap_or_default()).into_owned() }
}

/// The parser decodes a part of a type that holds nothing else.
fn decoded<'a>(body: &'a [u8], encoding: &str) -> Cow<'a, [u8]> {
    let encoding = encoding.trim().to_ascii_lowercase();
    if encoding != "base64" && encoding != "quoted-printable" {
        return Cow::Borrowed(body);
    }
    let head = format!("Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n");
    let whole = [head.as_bytes(), body].concat();
    let decoded = MessageParser::new().with_mime_headers().parse(&whole);
    decoded.and_then(|mail| mail.parts.first().map(|part| Cow::Owned(part.contents().to_vec()))).unwrap_or_default()
}
