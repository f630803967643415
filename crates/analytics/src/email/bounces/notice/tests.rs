//! Notices as mail servers write them, and as nobody should.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::{Fate, NoMail, Notice, Recipient, blocks, read};

const ID: &str = "01936f2c-7a11-7c05-9b1e-3f6d2f1c0a01@shop.example";
const RITA: &str = "rita.rep@branch.example";

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/samples/notices/", $name, ".eml"))
    };
}

const SAMPLES: &[&str] = &[
    sample!("postfix"),
    sample!("postfix-delayed"),
    sample!("exim"),
    sample!("office365"),
    sample!("gmail"),
    sample!("ses"),
    sample!("sendmail"),
    sample!("qmail"),
    sample!("complaint"),
    sample!("out-of-office"),
    sample!("read-receipt"),
];

/// As it lies in a mailbox on disk and as it comes over the wire: the same.
fn notice(sample: &str) -> Option<Notice> {
    let on_disk = read(sample.as_bytes()).unwrap();
    assert_eq!(read(sample.replace('\n', "\r\n").as_bytes()).unwrap(), on_disk);
    let in_a_mailbox = format!("From MAILER-DAEMON Mon Jan  5 11:31:02 2026\n{sample}");
    assert_eq!(read(in_a_mailbox.as_bytes()).unwrap(), on_disk);
    on_disk
}

fn delivery(sample: &str) -> (Option<String>, Vec<Recipient>) {
    match notice(sample) {
        Some(Notice::Delivery { message_id, recipients }) => (message_id, recipients),
        other => panic!("{other:?}"),
    }
}

fn recipient(address: &str, original: bool, fate: Fate, status: &str, reason: &str) -> Recipient {
    Recipient {
        address: address.into(),
        original: original.then(|| address.into()),
        fate,
        status: status.into(),
        reason: reason.into(),
    }
}

#[test]
fn what_mail_servers_write_is_understood() {
    let words =
        "550 5.1.1 <rita.rep@branch.example>: Recipient address rejected: User unknown in virtual mailbox table";
    let expected = |recipient| (Some(ID.to_owned()), vec![recipient]);
    assert_eq!(delivery(sample!("postfix")), expected(recipient(RITA, true, Fate::Hard, "5.1.1", words)));
    let words = "connect to mail.branch.example[192.0.2.25]:25: Connection timed out";
    assert_eq!(delivery(sample!("postfix-delayed")), expected(recipient(RITA, false, Fate::Delayed, "4.4.1", words)));
    assert_eq!(
        delivery(sample!("exim")),
        expected(recipient(RITA, false, Fate::Hard, "5.0.0", "550 No such user here"))
    );
    let words =
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient Rita.Rep@branch.example not found by SMTP address lookup";
    assert_eq!(delivery(sample!("office365")), expected(recipient(RITA, true, Fate::Hard, "5.1.10", words)));
    let (message_id, recipients) = delivery(sample!("gmail"));
    assert_eq!((message_id.as_deref(), recipients.len()), (Some(ID), 1), "the returned mail was cut before its id");
    assert_eq!((recipients[0].fate, recipients[0].status.as_str()), (Fate::Hard, "5.1.1"));
    assert!(recipients[0].reason.ends_with("550 5.1.1 https://support.google.com/mail/?p=NoSuchUser"));
    let (message_id, recipients) = delivery(sample!("ses"));
    let theirs = "0100019b8c0fa3c1-8d0e6f0a-77aa-4c1e-9f30-0e1f2a3b4c5d-000000@email.amazonses.com";
    assert_eq!(message_id.as_deref(), Some(theirs));
    assert_eq!(recipients, [recipient(RITA, false, Fate::Hard, "5.1.1", "550 5.1.1 user unknown")]);
}

#[test]
fn each_recipient_has_a_fate_of_its_own() {
    let (message_id, recipients) = delivery(sample!("sendmail"));
    assert_eq!(message_id.as_deref(), Some(ID));
    assert_eq!(
        recipients,
        [
            recipient(RITA, true, Fate::Hard, "5.1.6", "550 5.1.6 Mailbox has moved"),
            recipient("sam.rep@branch.example", false, Fate::Soft, "4.4.7", "451 4.3.0 Try again later"),
            recipient("tina.rep@branch.example", false, Fate::Delivered, "2.1.5", "2.1.5"),
        ]
    );
}

#[test]
fn complaints_are_understood() {
    let expected = Notice::Complaint {
        message_id: Some(ID.into()),
        recipient: Some("redacted@branch.example".into()),
        feedback: "abuse".into(),
    };
    assert_eq!(notice(sample!("complaint")), Some(expected));
}

#[test]
fn what_is_no_report_is_none() {
    for sample in [sample!("qmail"), sample!("out-of-office"), sample!("read-receipt"), "Subject: hello\n\nhello\n"] {
        assert_eq!(notice(sample), None, "{sample}");
    }
    // Reports without what makes them one.
    for cut in [
        "Action: failed\n",
        "Final-Recipient: rfc822; rita.rep@branch.example\nOriginal-Recipient: rfc822;rita.rep@branch.example\n",
    ] {
        assert_eq!(notice(&sample!("postfix").replace(cut, "")), None, "{cut}");
    }
    let of_nothing = sample!("postfix").replace("message/delivery-status", "text/plain");
    assert_eq!(notice(&of_nothing), None);
}

#[test]
fn what_is_no_mail_is_told() {
    for garbage in [&b""[..], b"\n\n\n", b"hello", b"\x00\x01\x02\xff\xfe", b"{\"a\": 1}", b"hello there: nobody\n\nx"]
    {
        assert_eq!(read(garbage), Err(NoMail), "{:?}", String::from_utf8_lossy(garbage));
    }
}

#[test]
fn a_report_about_a_report_is_about_the_outer_one() {
    let inner = sample!("sendmail");
    let bounced_bounce = sample!("postfix")
        .replace("\nMessage-ID: <01936f2c-7a11-7c05-9b1e-3f6d2f1c0a01@shop.example>\n", &format!("\n{inner}"));
    let (message_id, recipients) = delivery(&bounced_bounce);
    assert_eq!((message_id.as_deref(), recipients.len()), (Some("202601051131.605BV7xA012345@relay.shop.example"), 1));
    assert_eq!(recipients[0].status, "5.1.1");
}

#[test]
fn parts_may_be_encoded() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let fields =
        "Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; rita.rep@branch.example\nAction: failed\nStatus: 5.1.1\n";
    let headers = format!("Message-ID: <{ID}>\n");
    let mail = format!(
        "Content-Type: Multipart/Report; REPORT-TYPE=delivery-status; boundary=\"b\"\n\n--b\nContent-Type: Message/Delivery-Status\n\
         Content-Transfer-Encoding: Base64\n\n{}\n--b\nContent-Type: text/rfc822-headers\n\
         Content-Transfer-Encoding: quoted-printable\n\n{}\n--b--\n",
        STANDARD.encode(fields),
        headers.replace('@', "=40"),
    );
    let (message_id, recipients) = delivery(&mail);
    assert_eq!((message_id.as_deref(), recipients.len()), (Some(ID), 1));
}

#[test]
fn charsets_that_do_not_exist_and_bytes_that_mean_nothing_do_no_harm() {
    let mut nonsense = sample!("postfix").replace("charset=utf-8", "charset=klingon").into_bytes();
    let at = nonsense.windows(8).position(|window| window == b"rejected").unwrap();
    nonsense[at..at + 4].copy_from_slice(b"\xff\xfe\x00\x80");
    let Some(Notice::Delivery { recipients, .. }) = read(&nonsense).unwrap() else { panic!("no notice") };
    assert_eq!((recipients[0].fate, recipients[0].status.as_str()), (Fate::Hard, "5.1.1"));
    let kept = |text: &str| !text.contains(|c: char| c.is_control());
    assert!(kept(&recipients[0].reason) && kept(&recipients[0].address), "{recipients:?}");
    // Encoded words may smuggle what a line may not hold.
    let smuggled = sample!("exim").replace("550 No such user here", "=?utf-8?B?NTUwIAANCkJjYzogeEB5?=");
    let (_, recipients) = delivery(&smuggled);
    assert!(kept(&recipients[0].reason), "{recipients:?}");
}

/// Reads it within the time that a request may take, whatever it answers.
fn read_in_time(what: &str, raw: &[u8]) {
    let begun = Instant::now();
    let _ = read(raw);
    assert!(begun.elapsed() < Duration::from_secs(5), "{what}: {:?}", begun.elapsed());
}

#[test]
fn bombs_are_read_in_time() {
    const SIZE: usize = 2 * 1024 * 1024;
    let filled = |unit: &str| unit.repeat(SIZE / unit.len());
    let report = |inside: &str| {
        format!("Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\n{inside}\n--b--\n")
    };
    let nested = |level: &str| filled(level);
    for (what, raw) in [
        ("messages in messages", nested("Content-Type: message/rfc822\n\n")),
        ("messages in a report", report(&nested("Content-Type: message/rfc822\n\n"))),
        ("parts in parts", nested("Content-Type: multipart/mixed; boundary=x\n\n--x\n")),
        ("reports in reports", nested("Content-Type: multipart/report; boundary=b\n\n--b\n")),
        ("headers", filled("A: b\n")),
        ("one header", format!("Subject: {}", filled("a"))),
        ("folded header", format!("Content-Type: {}", filled("\n a"))),
        ("parameters", format!("Content-Type: multipart/report{}", filled("; a=b"))),
        ("encoded words", format!("Subject: {}", filled("=?utf-8?q?a?= "))),
        ("brackets", format!("Message-ID: {}", filled("<"))),
        ("comments", format!("Content-Type: {}", filled("("))),
        ("parts", report(&filled("\n--b\n"))),
        ("blocks", report(&format!("Content-Type: message/delivery-status\n\n{}", filled("a: b\n\n")))),
        (
            "recipients",
            report(&format!(
                "Content-Type: message/delivery-status\n\n{}",
                filled("Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n\n")
            )),
        ),
        ("lines", filled("\n")),
        ("colons", filled(":")),
        ("zeros", filled("\0")),
    ] {
        read_in_time(what, raw.as_bytes());
    }
    let recipients = report(&format!(
        "Content-Type: message/delivery-status\n\n{}",
        filled("Final-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n\n")
    ));
    let Ok(Some(Notice::Delivery { recipients, .. })) = read(recipients.as_bytes()) else { panic!("no notice") };
    assert_eq!(recipients.len(), 500, "the rest is not read");
}

/// A thousand levels, each one a well-formed report.
#[test]
fn depth_costs_nothing() {
    let mut mail = sample!("postfix").to_owned();
    for level in 0..1000 {
        mail = format!(
            "Message-ID: <level-{level}@shop.example>\nContent-Type: multipart/report; boundary=\"level-{level}\"\n\n\
             --level-{level}\nContent-Type: message/rfc822\n\n{mail}\n--level-{level}--\n"
        );
    }
    let begun = Instant::now();
    assert_eq!(read(mail.as_bytes()), Ok(None));
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

/// Puts bytes elsewhere: cut out, doubled, replaced.
fn mutated(sample: &str, changes: &[(usize, usize, u8, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = sample.as_bytes().to_vec();
    for (at, length, kind, with) in changes {
        let at = at % (bytes.len() + 1);
        let end = (at + length).min(bytes.len());
        match kind % 4 {
            0 => drop(bytes.splice(at..end, with.iter().copied())),
            1 => drop(bytes.drain(at..end)),
            2 => {
                let again = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, again));
            }
            _ => drop(bytes.splice(at..at, with.iter().copied())),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_mail_whatever_makes_it_panic(
        sample in prop::sample::select(SAMPLES),
        changes in prop::collection::vec(
            (any::<usize>(), 0usize..200, any::<u8>(), prop::collection::vec(any::<u8>(), 0..40)), 1..12),
    ) {
        let bytes = mutated(sample, &changes);
        if let Ok(Some(Notice::Delivery { message_id, recipients })) = read(&bytes) {
            let texts = recipients.iter().flat_map(|one| [&one.address, &one.status, &one.reason]).chain(&message_id);
            for text in texts {
                prop_assert!(!text.contains(|c: char| c.is_control()) && text.chars().count() <= 500, "{text:?}");
            }
        }
    }
}

#[test]
fn what_is_said_of_the_message_or_the_sender_is_no_hard_bounce() {
    let fate = |status: &str| {
        let block = format!("Final-Recipient: rfc822; {RITA}\nAction: failed\nStatus: {status}\n");
        blocks(block.as_bytes()).iter().find_map(super::recipient).unwrap().fate
    };
    for status in ["5.0.0", "5.1.1", "5.1.2", "5.1.10", "5.2.1", "5.4.1", "5.4.4", "5.5.0"] {
        assert_eq!(fate(status), Fate::Hard, "{status}");
    }
    for status in [
        "5.1.7", "5.1.8", "5.2.2", "5.2.3", "5.3.1", "5.3.2", "5.3.4", "5.4.6", "5.4.7", "5.5.2", "5.6.1", "5.7.1",
        "5.7.26",
    ] {
        assert_eq!(fate(status), Fate::Soft, "{status}");
    }
}
