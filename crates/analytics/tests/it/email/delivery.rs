//! Sends through real mail servers: what has arrived is what history says.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use common::config::Settings;
use mail_parser::MessageParser;
use secrecy::SecretString;
use serde_json::{Value, json};
use testkit::smtp::{Aiosmtpd, AiosmtpdOptions, Certificates, Postfix, read_by_python};

use super::scene::{DAY, Working, change, map, send, shop_as};
use crate::support::Shop;

const PATIENCE: Duration = Duration::from_secs(60);

/// The operator's server, with nothing that slows sends down.
fn through(settings: &mut Settings, port: u16) {
    settings.smtp.server = Some("localhost".to_owned());
    settings.smtp.port = port;
    settings.smtp.from_email = Some("Größe & Söhne <reports@shop.example>".to_owned());
    (settings.smtp.use_tls, settings.smtp.use_ssl) = (false, false);
    (settings.mail.per_second, settings.mail.per_domain_per_second) = (0, 0);
}

async fn history(shop: &Shop) -> Vec<Value> {
    shop.lines("/analytics/email/history?limit=1000").await
}

/// History once every mail was tried: those that go again later are queued then.
async fn until_tried(shop: &Shop) -> Vec<Value> {
    let began = Instant::now();
    loop {
        let mails = history(shop).await;
        let is_tried =
            |mail: &Value| mail["status"] != "sending" && (mail["status"] != "queued" || mail["attempts"] != 0);
        if mails.iter().all(is_tried) {
            return mails;
        }
        assert!(began.elapsed() < PATIENCE, "{mails:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// How often each Message-ID arrived, and for whom.
fn arrived(mails: &[Vec<u8>]) -> BTreeMap<String, Vec<String>> {
    let mut arrived: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for bytes in mails {
        let mail = MessageParser::default().parse(bytes).unwrap();
        let id = format!("<{}>", mail.message_id().unwrap());
        arrived.entry(id).or_default().push(mail.to().unwrap().first().unwrap().address().unwrap().to_owned());
    }
    arrived
}

/// Every mail that history calls sent has arrived, once and for whom it says; of the others only unknown ones may have.
fn compare(history: &[Value], mails: &[Vec<u8>]) {
    let mut arrived = arrived(mails);
    for mail in history {
        let copies = mail["message_id"].as_str().and_then(|id| arrived.remove(id)).unwrap_or_default();
        match mail["status"].as_str().unwrap() {
            "sent" => assert_eq!(json!(copies), json!([mail["sales_rep_email"]]), "{mail}"),
            "unknown" => assert!(copies.len() <= 1, "{mail}"),
            _ => assert!(copies.is_empty(), "{mail}"),
        }
    }
    assert!(arrived.is_empty(), "of no row: {arrived:?}");
}

/// Who, the status, and the beginning of the server's reply.
fn told(history: &[Value]) -> Vec<(String, String, String)> {
    let text = |mail: &Value, field: &str| mail[field].as_str().unwrap_or_default().to_owned();
    let mut told: Vec<_> = history
        .iter()
        .map(|mail| {
            let who = text(mail, "sales_rep_email").split('@').next().unwrap().to_owned();
            (who, text(mail, "status"), text(mail, "smtp_response").chars().take(9).collect())
        })
        .filter(|(who, _, _)| !who.starts_with("rep"))
        .collect();
    told.sort();
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(aiosmtpd), ignore = "aiosmtpd (scripts/aiosmtpd.sh install) is not on this machine")]
async fn what_aiosmtpd_has_is_what_history_says() {
    let server = Aiosmtpd::start(&AiosmtpdOptions::default()).await;
    let shop = shop_as(|settings| {
        through(settings, server.port);
        settings.mail.timeout = Duration::from_secs(1);
    })
    .await;
    let people =
        ["450", "451", "550", "552", "hang", "cut-before-data", "cut-in-content", "cut-after-data", "kept-after-data"];
    let addresses = people.iter().map(|who| (*who).to_owned()).chain((0..20).map(|n| format!("rep{n}")));
    let addresses: Vec<String> = addresses.map(|who| format!("{who}@rep.example")).collect();
    let mappings: Vec<(&str, &str)> = addresses.iter().map(|address| ("D01", address.as_str())).collect();
    map(&shop, &mappings).await;
    let _working = Working::start(&shop);
    send(&shop, &json!({ "report_date": DAY })).await;
    let mails = until_tried(&shop).await;
    compare(&mails, &server.mails().into_iter().map(|mail| mail.content).collect::<Vec<_>>());
    let expected = [
        ("450", "queued", "450 4.2.0"),
        ("451", "queued", "451 4.3.0"),
        ("550", "failed", "550 5.1.1"),
        ("552", "failed", "552 5.2.2"),
        ("cut-after-data", "unknown", ""),
        ("cut-before-data", "queued", ""),
        // Written whole before the server went away: nobody can tell it from one that was taken.
        ("cut-in-content", "unknown", ""),
        ("hang", "unknown", ""),
        ("kept-after-data", "unknown", ""),
    ];
    let expected: Vec<_> =
        expected.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect();
    let mut told = told(&mails);
    // Whether the rest of a short content was written before the connection was gone is a matter of moments.
    for (who, status, _) in &mut told {
        if who == "cut-in-content" && status == "queued" {
            "unknown".clone_into(status);
        }
    }
    assert_eq!(told, expected);
    assert_eq!(mails.iter().filter(|mail| mail["status"] == "sent").count(), 20);

    // The greylisted one goes out when its time has come; who was unknown does not go again by itself.
    change(&shop, "update email_send_history set next_attempt_at = now() where sales_rep_email = '450@rep.example'")
        .await;
    shop.client.post("/analytics/email/send-reports", &json!({ "report_date": DAY })).await.expect(202);
    let began = Instant::now();
    loop {
        let mails = history(&shop).await;
        if mails.iter().any(|mail| mail["sales_rep_email"] == "450@rep.example" && mail["status"] == "sent") {
            compare(&mails, &server.mails().into_iter().map(|mail| mail.content).collect::<Vec<_>>());
            break;
        }
        assert!(began.elapsed() < PATIENCE, "{mails:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(
    not(postfix),
    ignore = "Debian's postfix with sasl2-bin is not on this machine, or who runs this is not root"
)]
async fn what_postfix_delivers_is_what_history_says() {
    let certificates = Certificates::issue(&["localhost"]);
    let server = Postfix::start(&certificates);
    for (port, use_tls) in [(server.submission, true), (server.submissions, false)] {
        let before = server.mailbox().len();
        let set_up = |settings: &mut Settings| {
            through(settings, port);
            (settings.smtp.use_tls, settings.smtp.use_ssl) = (use_tls, !use_tls);
            settings.smtp.username = Some(Postfix::USER.to_owned());
            settings.smtp.password = Some(SecretString::from(server.password.clone()));
            settings.mail.ca_path = Some(server.dir().join("ca.pem"));
        };
        let shop = shop_as(set_up).await;
        let addresses: Vec<String> = (0..30).map(|n| format!("rep{n}@rep.example")).collect();
        let mut mappings: Vec<(&str, &str)> = addresses.iter().map(|address| ("D01", address.as_str())).collect();
        mappings.extend([("D02", "unknown@rep.example"), ("D02", "elsewhere@other.example")]);
        map(&shop, &mappings).await;
        let _working = Working::start(&shop);
        send(&shop, &json!({ "report_date": DAY })).await;
        let mails = until_tried(&shop).await;
        let began = Instant::now();
        // From its queue into the mailbox it takes a moment.
        let delivered = loop {
            let delivered = server.mailbox();
            if delivered.len() >= before + 30 {
                break delivered;
            }
            assert!(began.elapsed() < PATIENCE, "{:#?}\n{}", mails, server.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        };
        let ids: Vec<&str> = mails.iter().filter_map(|mail| mail["message_id"].as_str()).collect();
        let ours: Vec<Vec<u8>> = delivered
            .into_iter()
            .filter(|mail| ids.iter().any(|id| String::from_utf8_lossy(mail).contains(id)))
            .collect();
        compare(&mails, &ours);
        let expected = [("elsewhere", "failed", "554 5.7.1"), ("unknown", "failed", "550 5.1.1")];
        let expected: Vec<_> =
            expected.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect();
        assert_eq!(told(&mails), expected);
        // Postfix's reply names its queue id: it is in history, and in the server's log.
        for mail in mails.iter().filter(|mail| mail["status"] == "sent") {
            let reply = mail["smtp_response"].as_str().unwrap();
            let id = reply.strip_prefix("250 2.0.0 Ok: queued as ").unwrap_or_else(|| panic!("{reply}"));
            assert!(server.log().contains(&format!("{id}: message-id={}", mail["message_id"].as_str().unwrap())));
        }
        assert!(server.log().contains(&format!("sasl_username={}", Postfix::USER)));
        let first = ours.first().unwrap();
        assert!(String::from_utf8_lossy(first).contains("Delivered-To: rep"));
    }
}

/// What postfix leaves of a mail is still one that Python's parser has nothing against.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[cfg_attr(not(all(postfix, aiosmtpd)), ignore = "postfix or Python's packages are not on this machine")]
async fn a_delivered_report_is_whole() {
    let certificates = Certificates::issue(&["localhost"]);
    let server = Postfix::start(&certificates);
    let shop = shop_as(|settings| {
        through(settings, server.submission);
        settings.smtp.use_tls = true;
        settings.smtp.username = Some(Postfix::USER.to_owned());
        settings.smtp.password = Some(SecretString::from(server.password.clone()));
        settings.mail.ca_path = Some(server.dir().join("ca.pem"));
    })
    .await;
    map(&shop, &[("D01", "ann@rep.example")]).await;
    let _working = Working::start(&shop);
    send(&shop, &json!({ "report_date": DAY })).await;
    let began = Instant::now();
    while server.mailbox().is_empty() {
        assert!(began.elapsed() < PATIENCE, "{}", server.log());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let read = read_by_python(&server.mailbox()[0], None).await;
    assert_eq!(read["defects"], json!([]));
    assert_eq!(read["from"], json!([["Größe & Söhne", "reports@shop.example"]]));
    let kinds: Vec<&Value> = read["parts"].as_array().unwrap().iter().map(|part| &part[0]).collect();
    assert_eq!(kinds, ["text/plain", "text/html"]);
    let preview = shop.client.get(&format!("/analytics/email/preview?branch_code=D01&report_date={DAY}")).await.text();
    let html = read["parts"][1][1].as_str().unwrap().replace("\r\n", "\n");
    // The very same but for the address to unsubscribe at, which is each recipient's own.
    let without_links = |html: &str| html.split('"').filter(|part| !part.contains("unsubscribe")).collect::<String>();
    assert_eq!(without_links(html.trim_end()), without_links(preview.trim_end()));
}
