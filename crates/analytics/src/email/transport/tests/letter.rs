//! Mails as another parser reads them.

use chrono::{DateTime, Utc};
use lettre::message::{
    Mailbox,
    dkim::{DkimSigningAlgorithm, DkimSigningKey},
};
use mail_parser::{HeaderValue, Message, MessageParser, MimeHeaders};
use proptest::prelude::*;

use super::super::letter::{Letter, compose};
use crate::email::outlet::DkimKey;

const ID: &str = "<0197f3a0-5b1e-7cc2-9a40-3f2f6f1f7a11@reports.example>";

struct Parts {
    from: Mailbox,
    to: Mailbox,
    subject: String,
    html: String,
    text: String,
    url: String,
}

fn parts() -> Parts {
    Parts {
        from: "Reports <reports@shop.example>".parse().unwrap(),
        to: "Ann Example <ann@rep.example>".parse().unwrap(),
        subject: "Branch D01, Sunday".to_owned(),
        html: "<p>Hello</p>\n".to_owned(),
        text: "Hello\n".to_owned(),
        url: "https://api.example/analytics/email/unsubscribe/abc".to_owned(),
    }
}

fn date() -> DateTime<Utc> {
    "2026-11-08T06:00:01Z".parse().unwrap()
}

fn composed(parts: &Parts, dkim: Option<&DkimKey>) -> anyhow::Result<Vec<u8>> {
    compose(&Letter {
        from: &parts.from,
        to: parts.to.clone(),
        subject: &parts.subject,
        html: &parts.html,
        text: &parts.text,
        message_id: ID,
        date: date(),
        unsubscribe_url: &parts.url,
        dkim,
    })
}

fn parse(bytes: &[u8]) -> Message<'_> {
    MessageParser::default().parse(bytes).unwrap()
}

fn key() -> DkimKey {
    let key =
        DkimSigningKey::new("GBhxMDtbhQbXeYlVsmZ0kjKD+1bWn9lTAZW0+xQDrQE=", DkimSigningAlgorithm::Ed25519).unwrap();
    DkimKey::new("shop.example".to_owned(), "mail".to_owned(), key)
}

/// The headers' names in the order in which they stand, and the lines of the head.
fn head(bytes: &[u8]) -> Vec<String> {
    let text = std::str::from_utf8(bytes).unwrap();
    text.split("\r\n\r\n").next().unwrap().split("\r\n").map(str::to_owned).collect()
}

fn names(bytes: &[u8]) -> Vec<String> {
    let lines = head(bytes);
    let heads = lines.iter().filter(|line| !line.starts_with([' ', '\t']));
    heads.map(|line| line.split(':').next().unwrap().to_owned()).collect()
}

const HEADERS: [&str; 11] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
    "Content-Transfer-Encoding",
];

/// No line is too long or ends otherwise, all is ASCII, and the headers are ours and no others.
fn check(bytes: &[u8]) {
    assert!(bytes.is_ascii());
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.ends_with("\r\n"));
    for line in text.split_terminator("\r\n") {
        assert!(line.len() <= 998, "a line of {} octets", line.len());
        assert!(!line.contains(['\r', '\n', '\0']), "{line:?}");
    }
    assert_eq!(names(bytes), HEADERS);
}

#[test]
fn a_mail_has_our_headers_and_both_parts() {
    let mut parts = parts();
    parts.subject = "Größen für Köln: 12,50 € …".to_owned();
    parts.from.name = Some("Müller & Söhne".to_owned());
    parts.text = "Grüße\n.\n..\nFrom here\n".to_owned();
    parts.html = format!("<p>{}</p>", "Grüße ".repeat(500));
    let bytes = composed(&parts, None).unwrap();
    check(&bytes);
    let mail = parse(&bytes);
    assert_eq!(mail.subject(), Some("Größen für Köln: 12,50 € …"));
    assert_eq!(mail.from().unwrap().first().unwrap().name(), Some("Müller & Söhne"));
    assert_eq!(mail.to().unwrap().first().unwrap().address(), Some("ann@rep.example"));
    assert_eq!(mail.date().unwrap().to_rfc3339(), "2026-11-08T06:00:01Z");
    assert_eq!(format!("<{}>", mail.message_id().unwrap()), ID);
    assert_eq!(mail.header_raw("Auto-Submitted").unwrap().trim(), "auto-generated");
    assert_eq!(mail.header_raw("List-Unsubscribe-Post").unwrap().trim(), "List-Unsubscribe=One-Click");
    let kind = mail.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("alternative")));
    // Plain text first: the last alternative is the one that is shown.
    assert_eq!(mail.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), parts.text.trim_end());
    assert_eq!(mail.body_html(0).unwrap().replace("\r\n", "\n").trim_end(), parts.html);
    assert!(mail.parts[1].is_text() && !mail.parts[1].is_text_html());
}

#[test]
fn a_long_address_for_unsubscribing_stays_whole_on_its_line() {
    let mut parts = parts();
    parts.url = format!("https://api.example/analytics/email/unsubscribe/{}", "aB3-_".repeat(180));
    let bytes = composed(&parts, None).unwrap();
    check(&bytes);
    assert!(head(&bytes).contains(&format!("List-Unsubscribe: <{}>", parts.url)));
    parts.url.push_str(&"x".repeat(100));
    assert!(composed(&parts, None).is_err());
}

#[test]
fn what_cannot_stand_in_a_header_is_an_error() {
    for url in
        ["javascript:alert(1)", "https://a b", "https://a>,<https://b", "https://a\r\nBcc: x@y.example", "https://ä"]
    {
        let mut parts = parts();
        parts.url = url.to_owned();
        assert!(composed(&parts, None).is_err(), "{url}");
    }
    for id in ["a@b", "<a>", "<@b>", "<a@>", "<a@b>\r\nX: y", "<a b@c>", "<a@b@c>", "<<a@b>>", "<ä@b>"] {
        let parts = parts();
        let letter = Letter {
            from: &parts.from,
            to: parts.to.clone(),
            subject: "",
            html: "",
            text: "",
            message_id: id,
            date: date(),
            unsubscribe_url: &parts.url,
            dkim: None,
        };
        assert!(compose(&letter).is_err(), "{id}");
    }
}

#[test]
fn a_signature_names_what_it_covers() {
    let bytes = composed(&parts(), Some(&key())).unwrap();
    let mail = parse(&bytes);
    let signature = mail.header_raw("DKIM-Signature").unwrap().split_whitespace().collect::<String>();
    for part in [
        "a=ed25519-sha256;",
        "c=relaxed/relaxed;",
        "d=shop.example;",
        "s=mail;",
        "h=from:from:to:to:subject:subject:date:date:message-id:list-unsubscribe:list-unsubscribe-post:mime-version:\
         content-type:content-type;",
    ] {
        assert!(signature.contains(part), "{part} in {signature}");
    }
}

/// The longest of everything, signed on the small stack of a worker: lettre's signing calls itself for each character.
#[test]
fn the_longest_mail_can_be_signed() {
    let mut parts = parts();
    parts.subject = "\u{1f4ec}".repeat(1000);
    parts.from.name = Some("\u{1f4ec}".repeat(1000));
    parts.to.name = Some("\u{1f4ec}".repeat(1000));
    parts.url = format!("https://api.example/{}", "x".repeat(950));
    let signed = std::thread::Builder::new().stack_size(2 << 20).spawn(move || composed(&parts, Some(&key())));
    let bytes = signed.unwrap().join().unwrap().unwrap();
    assert!(names(&bytes).contains(&"DKIM-Signature".to_owned()));
}

/// What somebody might put into a name or a subject, with all that means something in a header.
fn tricky() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        any::<String>(),
        Just("\r\nBcc: thief@evil.example\r\n".to_owned()),
        Just("\nX-Evil: 1".to_owned()),
        Just("\r".to_owned()),
        Just("\0".to_owned()),
        Just("=?utf-8?q?=0D=0ABcc:_x?=".to_owned()),
        Just("\"<>,;:@()[]\\".to_owned()),
        Just("a".repeat(1200)),
        Just("ü ".repeat(300)),
        Just("\u{2028}\u{85}\u{202e}".to_owned()),
    ];
    prop::collection::vec(pieces, 0..4).prop_map(|pieces| pieces.concat())
}

/// As it is promised to arrive: one line, single spaces, cut, nothing that looks encoded.
fn expected(text: &str, most: usize) -> String {
    let spaced = text.replace(char::is_control, " ");
    let line = spaced.split_whitespace().collect::<Vec<_>>().join(" ").replace("=?", "= ?");
    if line.chars().count() <= most {
        return line;
    }
    line.chars().take(most).collect::<String>().trim_end().to_owned() + "…"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_text_can_add_a_header(name in tricky(), subject in tricky(), html in tricky(), text in tricky()) {
        let mut parts = parts();
        parts.from.name = Some(name.clone());
        parts.to.name = Some(subject.clone());
        parts.subject = subject.clone();
        (parts.html, parts.text) = (html, text);
        let bytes = composed(&parts, None).unwrap();
        check(&bytes);
        let mail = parse(&bytes);
        let found: Vec<&str> = mail.headers().iter().map(|header| header.name()).collect();
        prop_assert_eq!(found.len(), HEADERS.len());
        prop_assert_eq!(mail.from().unwrap().clone().into_list().len(), 1);
        prop_assert_eq!(mail.to().unwrap().clone().into_list().len(), 1);
        prop_assert_eq!(mail.from().unwrap().first().unwrap().address(), Some("reports@shop.example"));
        prop_assert_eq!(mail.to().unwrap().first().unwrap().address(), Some("ann@rep.example"));
        prop_assert_eq!(mail.from().unwrap().first().unwrap().name().unwrap_or_default(), expected(&name, 200));
        prop_assert_eq!(mail.subject().unwrap_or_default(), expected(&subject, 250));
        prop_assert!(matches!(mail.header("List-Unsubscribe"), Some(HeaderValue::Address(_) | HeaderValue::Text(_))));
        prop_assert_eq!(mail.parts.len(), 3);
    }
}

/// lettre's canonical form of headers and bodies has to be what verifiers make of them: folded and encoded subjects, spaces
/// and empty lines at ends, dots.
#[tokio::test]
#[cfg_attr(not(aiosmtpd), ignore = "dkimpy (scripts/aiosmtpd.sh install) is not on this machine")]
async fn signatures_hold_whatever_is_signed() {
    let rsa = include_str!("../../config/rsa.test-only.pem");
    let rsa_record = include_str!("../../../../tests/it/email/dkim.test-only.txt").trim();
    // The pair of RFC 8410, 10.
    let ed25519 = "1O5y2/kTWErVttjx92n4rTr+fCjL8dT74Jeoj0R1WEI=";
    let ed25519_record = "v=DKIM1; k=ed25519; p=Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
    for (key, algorithm, record) in
        [(rsa, DkimSigningAlgorithm::Rsa, rsa_record), (ed25519, DkimSigningAlgorithm::Ed25519, ed25519_record)]
    {
        let key = DkimSigningKey::new(key, algorithm).unwrap();
        assert_verified(&DkimKey::new("shop.example".to_owned(), "mail".to_owned(), key), record).await;
    }
}

/// Signs all kinds of mails; `record` is what the DNS has of the key.
async fn assert_verified(key: &DkimKey, record: &str) {
    let long = "branch report of the day ".repeat(9);
    for (subject, text) in [
        ("", ""),
        ("x", "no end of the line"),
        (" a\t  b ", "spaces at the end   \nof lines\t \n\n\n\n"),
        (long.as_str(), "\n\n.\n..\n \n"),
        ("Größe: 12,50 €, und noch vieles mehr, was über die Zeile hinausgeht, bis sie gefaltet wird", "Grüße\n\n"),
        ("\u{1f4ec}\u{1f4ec} Συνολικά έσοδα ανά υποκατάστημα για την προηγούμενη ημέρα \u{1f4ec}", "\t\tx"),
    ] {
        let mut parts = parts();
        (parts.subject, parts.text, parts.html) = (subject.to_owned(), text.to_owned(), format!("<p>{text}</p>\n\n"));
        (parts.from.name, parts.to.name) = (Some(long.clone()), Some("Ann \"A.\" Müller, Jr.".to_owned()));
        parts.url = format!("https://api.example/unsubscribe/{}", "x".repeat(700));
        let mail = composed(&parts, Some(key)).unwrap();
        let read = testkit::smtp::read_by_python(&mail, Some(record)).await;
        assert_eq!(read["dkim"], true, "{subject:?}");
        assert_eq!(read["defects"], serde_json::json!([]), "{subject:?}");
        assert_eq!(read["to"][0][0], "Ann \"A.\" Müller, Jr.");
        let header = |name: &str| {
            let headers = read["headers"].as_array().unwrap();
            headers.iter().find(|header| header[0] == name).unwrap()[1].as_str().unwrap().to_owned()
        };
        assert_eq!(header("Subject"), expected(subject, 250));
        assert_eq!(header("List-Unsubscribe"), format!("<{}>", parts.url));
        assert_eq!(read["parts"][0][1].as_str().unwrap().replace("\r\n", "\n").trim_end(), text.trim_end());
    }
}
