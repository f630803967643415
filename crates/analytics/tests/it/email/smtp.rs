//! `POST /analytics/email/config/test` against servers that do all that servers do, and mails as another parser reads them.

use std::time::{Duration, Instant};

use analytics_service::MailState;
use chrono::Utc;
use common::{
    auth::Role,
    config::{Environment, Settings},
};
use secrecy::SecretString;
use serde_json::{Value, json};
use testkit::{
    http::{Client, TestServer},
    oracle::TenantSettings,
    smtp::{Aiosmtpd, AiosmtpdOptions, Answer, Certificates, Options, Phase, Sink, read_by_python},
    tokens,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};

use crate::support::Shop;

const TEST: &str = "/analytics/email/config/test";
const CONFIG: &str = "/analytics/email/config";
const LOGIN: (&str, &str) = ("reports", "correct-horse");

/// Whose mails go through the operator's server on this port of this machine.
async fn shop(port: u16, change: impl FnOnce(&mut Settings)) -> Shop {
    let settings = |settings: &mut Settings| {
        settings.smtp.server = Some("localhost".to_owned());
        settings.smtp.port = port;
        settings.smtp.from_email = Some("Größe & Söhne <reports@shop.example>".to_owned());
        (settings.smtp.use_tls, settings.smtp.use_ssl) = (false, false);
        settings.mail.timeout = Duration::from_millis(500);
        change(settings);
    };
    Shop::open_as(&TenantSettings::default(), settings).await
}

/// A manager with this address.
async fn caller(shop: &Shop, local: &str) -> Client {
    let account = tokens::account(&shop.db.app, &format!("{local}@rep.example")).await;
    tokens::join(&shop.db.app, account, shop.tenant, Role::Manager, None).await;
    let person = tokens::sign_in(&shop.state, account, Utc::now() + chrono::Duration::hours(1)).await;
    Client::new(shop.url()).of(&person, shop.tenant)
}

/// The answer to a test by somebody with this address.
async fn tested(shop: &Shop, local: &str) -> Value {
    caller(shop, local).await.post(TEST, &json!({})).await.expect(200)
}

/// The steps as `step` or `step!` for the one that failed, and what is said of the last one.
fn course(answer: &Value) -> (String, String) {
    let steps = answer["steps"].as_array().unwrap();
    let mark =
        |step: &Value| format!("{}{}", step["step"].as_str().unwrap(), if step["ok"] == true { "" } else { "!" });
    let told = steps.iter().map(mark).collect::<Vec<_>>().join(" ");
    assert_eq!(answer["ok"], json!(!told.contains('!')), "{answer}");
    assert!(steps.iter().all(|step| step["message"].as_str().is_some_and(|said| said.ends_with('.'))), "{answer}");
    (told, steps.last().unwrap()["message"].as_str().unwrap().to_owned())
}

const TO_THE_END: &str = "address connect tls sender recipient mail";

/// What every server that does as recipients are called leads to: who asks, the steps, a word of the last message, and
/// whether the server has the mail.
const ANSWERS: [(&str, &str, &str, bool); 12] = [
    ("ok", "", "took the mail", true),
    ("421", "recipient!", "(421 4.7.0)", false),
    ("450", "recipient!", "(450 4.2.0)", false),
    ("450", "", "took the mail", true),
    ("451", "recipient!", "(451 4.3.0)", false),
    ("454", "recipient!", "(454 4.7.0)", false),
    ("550", "recipient!", "(550 5.1.1)", false),
    ("552", "mail!", "(552 5.2.2)", false),
    ("hang", "mail!", "may have been accepted or not", false),
    ("cut-before-data", "mail!", "", false),
    ("cut-after-data", "mail!", "may have been accepted or not", false),
    ("kept-after-data", "mail!", "may have been accepted or not", true),
];

/// Runs [`ANSWERS`]; `taken` counts what the server has.
async fn all_answers(shop: &Shop, steps: &str, taken: impl Fn() -> usize) {
    let (first_450, mut clients) = (caller(shop, "450").await, 0);
    for (local, failed, said, is_kept) in ANSWERS {
        let before = taken();
        let answer = match local {
            "450" => first_450.post(TEST, &json!({})).await.expect(200),
            local => tested(shop, local).await,
        };
        let (told, message) = course(&answer);
        let expected = match steps.split_once(failed.trim_end_matches('!')) {
            Some((before, _)) if !failed.is_empty() => format!("{before}{failed}"),
            _ => steps.to_owned(),
        };
        assert_eq!(told, expected, "{local}: {answer}");
        assert!(message.contains(said), "{local}: {message}");
        // Nothing of what the server said but its codes.
        for word in ["Greylisted", "Throttling", "such user", "Too much", "full"] {
            assert!(!answer.to_string().contains(word), "{answer}");
        }
        assert_eq!(taken() - before, usize::from(is_kept), "{local}: {answer}");
        clients += 1;
    }
    let audit = shop.audit("email_config.tested").await;
    assert_eq!(audit.len(), clients);
    assert_eq!(audit[0].3, json!({ "ok": true, "source": "default", "failed": null }));
    assert_eq!(audit[6].3, json!({ "ok": false, "source": "default", "failed": "recipient" }));
}

#[tokio::test]
async fn each_answer_of_a_server_is_told_by_its_step() {
    let sink = Sink::start().await;
    let shop = shop(sink.port(), |_| {}).await;
    all_answers(&shop, TO_THE_END, || sink.count()).await;
    let warned = tested(&shop, "someone").await;
    let tls = warned["steps"].as_array().unwrap().iter().find(|step| step["step"] == "tls").unwrap();
    assert!(tls["message"].as_str().unwrap().contains("not protected"), "{tls}");
    let (from, to) = (&sink.mails()[0].from, &sink.mails()[0].to);
    assert_eq!((from.as_str(), to.as_str()), ("reports@shop.example", "ok@rep.example"));
}

#[tokio::test]
#[cfg_attr(not(aiosmtpd), ignore = "aiosmtpd (scripts/aiosmtpd.sh install) is not on this machine")]
async fn each_answer_of_aiosmtpd_is_told_by_its_step() {
    let server = Aiosmtpd::start(&AiosmtpdOptions::default()).await;
    let shop = shop(server.port, |_| {}).await;
    all_answers(&shop, TO_THE_END, || server.mails().len()).await;
}

#[tokio::test]
#[cfg_attr(not(aiosmtpd), ignore = "aiosmtpd (scripts/aiosmtpd.sh install) is not on this machine")]
async fn aiosmtpd_is_logged_into_over_starttls_and_over_tls() {
    let certificates = Certificates::issue(&["localhost"]);
    for is_implicit_tls in [false, true] {
        let server = Aiosmtpd::start(&AiosmtpdOptions {
            certificates: Some(&certificates),
            is_implicit_tls,
            requires_starttls: !is_implicit_tls,
            login: Some(LOGIN),
        })
        .await;
        let set = |password: &str, authority: bool| {
            let (password, ca) = (password.to_owned(), server.dir().join("ca.pem"));
            move |settings: &mut Settings| {
                (settings.smtp.use_tls, settings.smtp.use_ssl) = (!is_implicit_tls, is_implicit_tls);
                settings.smtp.username = Some(LOGIN.0.to_owned());
                settings.smtp.password = Some(SecretString::from(password));
                settings.mail.ca_path = authority.then_some(ca);
            }
        };
        let right = shop(server.port, set(LOGIN.1, true)).await;
        let (told, _) = course(&tested(&right, "ann").await);
        assert_eq!(told, "address connect tls login sender recipient mail");
        let mails = server.mails();
        assert!(mails.len() == 1 && mails[0].is_tls, "{mails:?}");

        let wrong = shop(server.port, set("wrong", true)).await;
        let (told, said) = course(&tested(&wrong, "ann").await);
        assert_eq!((told.as_str(), said.contains("(535 5.7.8)")), ("address connect tls login!", true), "{said}");

        let stranger = shop(server.port, set(LOGIN.1, false)).await;
        let (told, said) = course(&tested(&stranger, "ann").await);
        assert!(told.ends_with("tls!") && said.contains("issuer is not known"), "{told}: {said}");
        assert_eq!(server.mails().len(), 1);
    }
}

#[tokio::test]
async fn without_starttls_nothing_is_sent_and_no_password_said() {
    let login = (LOGIN.0.to_owned(), LOGIN.1.to_owned());
    let sink = Sink::open(Options { login: Some(login), ..Options::default() }).await;
    let shop = shop(sink.port(), |settings| {
        settings.smtp.use_tls = true;
        settings.smtp.username = Some(LOGIN.0.to_owned());
        settings.smtp.password = Some(SecretString::from(LOGIN.1));
    })
    .await;
    let (told, said) = course(&tested(&shop, "ann").await);
    assert_eq!(told, "address connect tls!");
    assert!(said.contains("does not offer STARTTLS"), "{said}");
    let heard = sink.heard();
    assert!(heard.iter().all(|heard| heard.line.starts_with("EHLO ")), "{heard:?}");
}

#[tokio::test]
async fn a_tenants_own_server_is_not_on_this_machine() {
    let sink = Sink::start().await;
    let port = sink.port();
    let allowing = |is_allowed: bool| {
        move |settings: &mut Settings| {
            settings.allow_private_addresses = is_allowed;
            settings.mail.allowed_ports = vec![port];
            settings.smtp.server = None;
        }
    };
    let own = json!({
        "server": "127.0.0.1", "port": port, "from_address": "own@shop.example", "use_tls": false, "use_ssl": false,
    });
    let allowed = shop(port, allowing(true)).await;
    allowed.client.put(CONFIG, &own).await.expect(200);
    let answer = tested(&allowed, "ann").await;
    assert_eq!((course(&answer).0.as_str(), &answer["source"]), (TO_THE_END, &json!("tenant")));
    assert_eq!((sink.count(), sink.mails()[0].from.as_str()), (1, "own@shop.example"));

    // The same service later, when the operator has thought better of it: what is stored is not believed.
    let mut settings = (*allowed.state.settings).clone();
    settings.allow_private_addresses = false;
    let state = common::auth::AppState::new(allowed.db.app.clone(), settings);
    let server = TestServer::start(analytics_service::app(state).unwrap()).await;
    let answer = server.client().of(&allowed.owner, allowed.tenant).post(TEST, &json!({})).await.expect(200);
    let (told, said) = course(&answer);
    assert!(told == "address!" && said.contains("private network"), "{told}: {said}");
    assert_eq!(sink.connections(), 1);
}

#[tokio::test]
async fn who_may_test_and_how_often() {
    let sink = Sink::start().await;
    let shop = shop(sink.port(), |settings| settings.limits.mail_test_per_minute = 3).await;
    let limited = shop.member(Role::Manager, Some(&["D01"])).await;
    limited.post(TEST, &json!({})).await.expect(403);
    shop.member(Role::Viewer, None).await.post(TEST, &json!({})).await.expect(403);
    for _ in 0..3 {
        shop.client.post(TEST, &json!({})).await.expect(200);
    }
    shop.client.post(TEST, &json!({})).await.expect(429);
    assert_eq!(sink.count(), 3);
    let (_, neighbour) = shop.neighbour().await;
    neighbour.post(TEST, &json!({})).await.expect(200);
}

#[tokio::test]
async fn who_gets_no_mails_any_more_gets_no_test_either() {
    let sink = Sink::open(Options::default()).await;
    let through_sink = shop(sink.port(), |_| {}).await;
    let folder = tempfile::tempdir().unwrap();
    let into_files = Shop::open_as(&TenantSettings::default(), |settings| {
        settings.mail.dir = folder.path().to_owned();
    })
    .await;
    for (shop, steps) in [(&through_sink, "address connect tls sender recipient!"), (&into_files, "recipient!")] {
        shop.put("email_suppressions", &json!({}), &[json!({ "email": "ok@rep.example", "reason": "unsubscribed" })])
            .await;
        let (told, message) = course(&tested(shop, "ok").await);
        assert_eq!(told, steps);
        assert!(message.contains("DELETE /analytics/email/suppressions/ok@rep.example"), "{message}");
        assert!(!course(&tested(shop, "other").await).0.contains('!'));
    }
    assert_eq!(sink.count(), 1);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn where_the_operators_server_is_is_told_to_no_tenant() {
    let sink = Sink::open(Options::default()).await;
    let by_name = shop(sink.port(), |_| {}).await;
    assert_eq!(tested(&by_name, "ok").await["ok"], true);
    let mail = String::from_utf8(sink.mails()[0].content.clone()).unwrap();
    assert!(mail.contains("Sent through:  the operator's mail server"), "{mail}");
    assert!(!mail.contains(&format!("localhost:{}", sink.port())), "{mail}");
    for server in ["mail.inside.invalid", "169.254.1.1"] {
        let shop = shop(25, |settings| settings.smtp.server = Some(server.to_owned())).await;
        let answer = tested(&shop, "ok").await;
        assert_eq!(course(&answer).0, "address!");
        assert!(!answer.to_string().contains(server), "{answer}");
    }
}

#[tokio::test]
async fn a_silent_server_is_not_waited_for_as_long_as_a_send_would() {
    let slow = |phase| match phase {
        Phase::Mail | Phase::Rcpt => Answer::Hang,
        _ => Answer::Ok,
    };
    let sink = Sink::start_with(Options::default(), move |phase, _| slow(phase)).await;
    let shop = shop(sink.port(), |settings| settings.mail.timeout = Duration::from_secs(600)).await;
    let began = Instant::now();
    let (told, said) = course(&tested(&shop, "ann").await);
    assert!(told.ends_with("tls sender!") && said.contains("8 seconds"), "{told}: {said}");
    assert!(began.elapsed() < Duration::from_secs(12), "{:?}", began.elapsed());
}

/// A server that says these bytes one by one, over and over, and hears nothing; it tells of each connection that was closed.
async fn dripping_server(drops: &'static [u8]) -> (u16, mpsc::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (closed, told) = mpsc::channel(1);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let ((mut from, mut to), mut heard) = (stream.split(), [0]);
            let dripping = async {
                for drop in drops.iter().cycle() {
                    if to.write_all(&[*drop]).await.is_err() {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                std::future::pending::<()>().await;
            };
            tokio::select! {
                () = dripping => {}
                // Nobody speaks before the greeting: this is the end.
                _ = from.read(&mut heard) => {}
            }
            let _ = closed.send(()).await;
        }
    });
    (port, told)
}

#[tokio::test]
async fn a_server_that_says_nothing_or_never_ends_is_left_after_the_bound_of_a_test() {
    for drops in [b"".as_slice(), b"220-wait\r\n"] {
        let (port, mut closed) = dripping_server(drops).await;
        let shop = shop(port, |settings| settings.mail.timeout = Duration::from_secs(600)).await;
        let mail = MailState::new(shop.state.clone()).unwrap().testing_within(Duration::from_secs(2));
        let server = TestServer::start(analytics_service::router(mail)).await;
        let began = Instant::now();
        let answer = server.client().of(&shop.owner, shop.tenant).post(TEST, &json!({})).await.expect(200);
        // One reply alone is waited for longer.
        assert!(began.elapsed() < Duration::from_secs(7), "{:?}", began.elapsed());
        let (told, said) = course(&answer);
        assert_eq!(
            (told.as_str(), said.as_str()),
            ("address connect!", "The mail server took too long: the test was ended after 2 seconds.")
        );
        tokio::time::timeout(Duration::from_secs(5), closed.recv()).await.expect("the connection is closed").unwrap();
    }
}

#[tokio::test]
async fn without_a_server_mails_are_files_in_dev_and_an_error_in_prod() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("mail");
    let at = path.clone();
    let shop = Shop::open_as(&TenantSettings::default(), move |settings| {
        settings.smtp.server = None;
        settings.mail.dir = at;
    })
    .await;
    let answer = shop.client.post(TEST, &json!({})).await.expect(200);
    let (told, said) = course(&answer);
    assert_eq!((told.as_str(), &answer["source"]), ("mail", &json!("file")));
    let files: Vec<_> = std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() == 1 && said.contains(files[0].to_str().unwrap()), "{files:?} {said}");
    assert!(std::fs::read_to_string(&files[0]).unwrap().contains("\r\nList-Unsubscribe: <http"));

    let mut settings = (*shop.state.settings).clone();
    settings.environment = Environment::Prod;
    let state = common::auth::AppState::new(shop.db.app.clone(), settings);
    let server = TestServer::start(analytics_service::app(state).unwrap()).await;
    let answer = server.client().of(&shop.owner, shop.tenant).post(TEST, &json!({})).await.expect(200);
    assert_eq!((course(&answer).0.as_str(), &answer["source"]), ("address!", &Value::Null));
    assert!(answer.to_string().contains("No mail server is configured"), "{answer}");
}

/// A key of RSA, and the TXT record of its public half.
const RSA: &str = include_str!("../../../src/email/config/rsa.test-only.pem");
const RECORD: &str = include_str!("dkim.test-only.txt");

/// The test mail as it arrives where the operator signs with this key.
async fn signed(key: &str) -> (Shop, Vec<u8>) {
    let server = Aiosmtpd::start(&AiosmtpdOptions::default()).await;
    let dir = tempfile::tempdir().unwrap();
    let key_path = dir.path().join("key.pem");
    std::fs::write(&key_path, key).unwrap();
    let shop = shop(server.port, |settings| {
        let (domain, selector) = ("shop.example".to_owned(), "mail".to_owned());
        settings.smtp.dkim = Some(common::config::DkimSettings { domain, selector, key_path });
    })
    .await;
    assert_eq!(course(&tested(&shop, "ann").await).0, TO_THE_END);
    (shop, server.mails().pop().unwrap().content)
}

#[tokio::test]
#[cfg_attr(not(aiosmtpd), ignore = "aiosmtpd (scripts/aiosmtpd.sh install) is not on this machine")]
async fn a_mail_signed_with_ed25519_is_verified_by_python() {
    // The pair of RFC 8410, 10.
    let key = "-----BEGIN PRIVATE KEY-----\n\
        MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";
    let record = "v=DKIM1; k=ed25519; p=Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
    let (_shop, mail) = signed(key).await;
    assert_eq!(read_by_python(&mail, Some(record)).await["dkim"], true);
    let changed = String::from_utf8(mail).unwrap().replacen("Subject: ", "Subject: Urgent: ", 1);
    assert_eq!(read_by_python(changed.as_bytes(), Some(record)).await["dkim"], false);
}

#[tokio::test]
#[cfg_attr(not(aiosmtpd), ignore = "aiosmtpd (scripts/aiosmtpd.sh install) is not on this machine")]
async fn a_signed_mail_is_read_and_verified_by_python() {
    let (shop, mail) = signed(RSA).await;
    let read = read_by_python(&mail, Some(RECORD.trim())).await;
    assert_eq!(read["dkim"], true);
    assert_eq!(read["defects"], json!([]));
    assert_eq!(read["from"], json!([["Größe & Söhne", "reports@shop.example"]]));
    assert_eq!(read["to"], json!([["", "ann@rep.example"]]));
    let header = |name: &str| {
        let found: Vec<&Value> =
            read["headers"].as_array().unwrap().iter().filter(|header| header[0] == name).collect();
        assert_eq!(found.len(), 1, "{name}");
        found[0][1].as_str().unwrap().to_owned()
    };
    let link = header("List-Unsubscribe");
    let link = link.strip_prefix('<').and_then(|link| link.strip_suffix('>')).unwrap();
    assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
    let kinds: Vec<&Value> = read["parts"].as_array().unwrap().iter().map(|part| &part[0]).collect();
    assert_eq!(kinds, ["text/plain", "text/html"]);
    // The very address, in the header and in the text: it opens the page with the button.
    assert!(read["parts"][0][1].as_str().unwrap().contains(link), "{read}");
    let url = link.replace("http://", "").split_once('/').map(|(_, path)| format!("/{path}")).unwrap();
    assert_eq!(Client::new(shop.url()).get(&url).await.status, 200);

    // What is changed on the way is found out, and a second sender as well.
    let changed = String::from_utf8(mail.clone()).unwrap().replacen("Subject: ", "Subject: Urgent: ", 1);
    assert_eq!(read_by_python(changed.as_bytes(), Some(RECORD.trim())).await["dkim"], false);
    let added = [b"From: boss@evil.example\r\n".as_slice(), &mail].concat();
    assert_eq!(read_by_python(&added, Some(RECORD.trim())).await["dkim"], false);
}
