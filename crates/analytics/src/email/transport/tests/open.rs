//! How connections are opened, and what is never said on one that is not protected.

use secrecy::SecretString;
use testkit::smtp::{Answer, Certificates, Options, Phase, Sink};

use super::{
    super::connection::{Connection, Delivery, OpenError, Verdict},
    server, settings,
};
use crate::email::outlet::{Login, MailServer, Owner, Security};

const USER: &str = "reports@shop.example";
const PASSWORD: &str = "correct horse";

/// A server with certificates for these names that wants a login, with what it takes to trust and use it.
struct Guarded {
    sink: Sink,
    server: MailServer,
    settings: common::config::MailSettings,
    _dir: tempfile::TempDir,
}

async fn guarded(
    names: &[&str],
    security: Security,
    script: impl Fn(Phase) -> Answer + Send + Sync + 'static,
) -> Guarded {
    let certificates = Certificates::issue(names);
    let dir = tempfile::tempdir().unwrap();
    certificates.write(dir.path());
    let options = Options {
        certificates: Some(certificates),
        is_implicit_tls: security == Security::Tls,
        login: Some((USER.to_owned(), PASSWORD.to_owned())),
        ..Options::default()
    };
    let sink = Sink::start_with(options, move |phase, _| script(phase)).await;
    let mut server = server(&sink, security);
    server.host = "localhost".to_owned();
    server.login = Some(Login { username: USER.to_owned(), password: SecretString::from(PASSWORD) });
    let mut settings = settings();
    settings.ca_path = Some(dir.path().join("ca.pem"));
    Guarded { sink, server, settings, _dir: dir }
}

impl Guarded {
    async fn open(&self) -> Result<Connection, OpenError> {
        Connection::open(&self.server, &self.settings, false).await
    }

    async fn refused(&self) -> OpenError {
        match self.open().await {
            Err(error) => error,
            Ok(_) => panic!("it was opened"),
        }
    }

    /// What was said before TLS.
    fn clear(&self) -> Vec<String> {
        self.sink.heard().into_iter().filter(|heard| !heard.is_tls).map(|heard| heard.line).collect()
    }
}

#[tokio::test]
async fn starttls_and_implicit_tls_protect_login_and_mail() {
    for (names, host) in [(["localhost"], "localhost"), (["127.0.0.1"], "127.0.0.1")] {
        for security in [Security::StartTls, Security::Tls] {
            let mut guarded = guarded(&names, security, |_| Answer::Ok).await;
            guarded.server.host = host.to_owned();
            let mut connection = guarded.open().await.unwrap();
            let to = "ann@rep.example".parse().unwrap();
            connection.envelope(&guarded.server.return_path, &to).await.unwrap();
            assert!(matches!(connection.data(b"a: b\r\n\r\n.\r\n").await, Delivery::Accepted(_)));
            let mails = guarded.sink.mails();
            assert!(mails[0].is_tls && mails[0].content == b"a: b\r\n\r\n.\r\n");
            let clear = guarded.clear();
            assert!(clear.iter().all(|line| line.starts_with("EHLO ") || line == "STARTTLS"), "{clear:?}");
        }
    }
}

#[tokio::test]
async fn without_starttls_nothing_is_said() {
    let options = Options { login: Some((USER.to_owned(), PASSWORD.to_owned())), ..Options::default() };
    let sink = Sink::open(options).await;
    let mut server = server(&sink, Security::StartTls);
    server.login = Some(Login { username: USER.to_owned(), password: SecretString::from(PASSWORD) });
    let error = Connection::open(&server, &settings(), false).await.err().unwrap();
    assert_eq!((error.step, error.refusal.verdict), ("tls", Verdict::Unusable));
    let heard: Vec<String> = sink.heard().into_iter().map(|heard| heard.line).collect();
    assert!(heard.len() == 1 && heard[0].starts_with("EHLO "), "{heard:?}");
    // Chosen by the tenant: without either setting the login is sent as it is.
    server.security = Security::Plain;
    assert!(Connection::open(&server, &settings(), false).await.is_ok());
}

#[tokio::test]
async fn a_starttls_that_is_refused_is_no_way_around_it() {
    let refusing = guarded(&["localhost"], Security::StartTls, |phase| match phase {
        Phase::StartTls => Answer::say("454 4.7.0 TLS not available due to temporary reason"),
        _ => Answer::Ok,
    });
    let refusing = refusing.await;
    let error = refusing.refused().await;
    assert_eq!((error.step, error.refusal.verdict), ("tls", Verdict::SlowDown(None)));
    assert!(refusing.clear().iter().all(|line| line.starts_with("EHLO ") || line == "STARTTLS" || line == "QUIT"));
}

/// Somebody on the way adds replies to the one for STARTTLS: they must not be taken for what the server says inside TLS.
#[tokio::test]
async fn what_is_said_before_tls_is_not_heard_inside_of_it() {
    let injected = guarded(&["localhost"], Security::StartTls, |phase| match phase {
        Phase::StartTls => Answer::say("220 go ahead\r\n250-evil\r\n250 AUTH PLAIN\r\n535 5.7.8 no"),
        _ => Answer::Ok,
    });
    let injected = injected.await;
    // The real EHLO reply is read, so the login succeeds and replies fit their commands.
    let mut connection = injected.open().await.unwrap();
    connection.envelope(&injected.server.return_path, &"ann@rep.example".parse().unwrap()).await.unwrap();
    assert!(matches!(connection.data(b"a: b\r\n\r\n").await, Delivery::Accepted(_)));
}

#[tokio::test]
async fn a_certificate_has_to_fit() {
    for security in [Security::StartTls, Security::Tls] {
        let other_name = guarded(&["mail.example"], security, |_| Answer::Ok).await;
        let mut unknown_issuer = guarded(&["localhost"], security, |_| Answer::Ok).await;
        unknown_issuer.settings.ca_path = None;
        for (guarded, why) in [(other_name, "another host name"), (unknown_issuer, "issuer is not known")] {
            let error = guarded.refused().await;
            assert_eq!((error.step, &error.refusal.verdict), ("tls", &Verdict::Unusable));
            assert!(error.refusal.reason.contains(why), "{}", error.refusal.reason);
            assert!(guarded.clear().iter().all(|line| line.starts_with("EHLO ") || line == "STARTTLS"));
            assert_eq!(guarded.sink.count(), 0);
        }
    }
}

#[tokio::test]
async fn a_server_without_tls_is_told_from_one_with_a_wrong_certificate() {
    let sink = Sink::start().await;
    let error = Connection::open(&server(&sink, Security::Tls), &settings(), false).await.err().unwrap();
    assert_eq!((error.step, &error.refusal.verdict), ("tls", &Verdict::Unusable));
    assert!(error.refusal.reason.contains("does not speak TLS"), "{}", error.refusal.reason);
}

#[tokio::test]
async fn a_wrong_password_is_for_a_person_and_a_busy_login_is_not() {
    let mut wrong = guarded(&["localhost"], Security::StartTls, |_| Answer::Ok).await;
    wrong.server.login = Some(Login { username: USER.to_owned(), password: SecretString::from("wrong") });
    let error = wrong.refused().await;
    assert_eq!((error.step, &error.refusal.verdict), ("login", &Verdict::Unusable));
    assert_eq!(error.refusal.reason, "The mail server refused the login (535 5.7.8).");

    let busy = guarded(&["localhost"], Security::Tls, |phase| match phase {
        Phase::Auth => Answer::say("454 4.7.0 Temporary authentication failure"),
        _ => Answer::Ok,
    });
    let error = busy.await.refused().await;
    assert_eq!((error.step, &error.refusal.verdict), ("login", &Verdict::SlowDown(None)));

    let sink = Sink::start().await;
    let mut server = server(&sink, Security::Plain);
    server.login = Some(Login { username: USER.to_owned(), password: SecretString::from(PASSWORD) });
    let error = Connection::open(&server, &settings(), false).await.err().unwrap();
    assert_eq!((error.step, &error.refusal.verdict), ("login", &Verdict::Unusable));
    assert!(error.refusal.reason.contains("offers no login"), "{}", error.refusal.reason);
}

#[tokio::test]
async fn login_is_spoken_where_plain_is_not_offered() {
    let sink = Sink::start_with(
        Options { login: Some((USER.to_owned(), PASSWORD.to_owned())), ..Options::default() },
        |phase, _| match phase {
            Phase::Ehlo => Answer::say("250-sink.example\r\n250 AUTH LOGIN CRAM-MD5"),
            _ => Answer::Ok,
        },
    );
    let sink = sink.await;
    let mut server = server(&sink, Security::Plain);
    server.login = Some(Login { username: USER.to_owned(), password: SecretString::from(PASSWORD) });
    assert!(Connection::open(&server, &settings(), false).await.is_ok());
    assert!(sink.heard().iter().any(|heard| heard.line == "AUTH LOGIN"));

    let odd = guarded(&["localhost"], Security::Tls, |phase| match phase {
        Phase::Ehlo => Answer::say("250-sink.example\r\n250 AUTH PLAIN"),
        Phase::Auth => Answer::say("334 V2hvIGdvZXMgdGhlcmU/"),
        _ => Answer::Ok,
    });
    let error = odd.await.refused().await;
    assert_eq!((error.step, &error.refusal.verdict), ("login", &Verdict::Unusable));
    assert!(error.refusal.reason.contains("not known here"), "{}", error.refusal.reason);
}

#[tokio::test]
async fn a_tenants_server_is_not_in_a_private_network_unless_the_operator_allows_it() {
    let sink = Sink::start().await;
    let mut settings = settings();
    settings.allowed_ports = vec![sink.port()];
    for host in ["127.0.0.1", "localhost", "127.1", "::ffff:127.0.0.1"] {
        let server = MailServer { owner: Owner::Tenant, host: host.to_owned(), ..server(&sink, Security::Plain) };
        let error = Connection::open(&server, &settings, false).await.err().unwrap();
        assert_eq!((error.step, &error.refusal.verdict), ("address", &Verdict::Unusable), "{host}");
        assert!(error.refusal.reason.contains("ALLOW_PRIVATE_ADDRESSES"), "{}", error.refusal.reason);
    }
    assert_eq!(sink.connections(), 0);
    let server = MailServer { owner: Owner::Tenant, ..server(&sink, Security::Plain) };
    assert!(Connection::open(&server, &settings, true).await.is_ok());
    settings.allowed_ports = vec![25];
    let error = Connection::open(&server, &settings, true).await.err().unwrap();
    assert_eq!((error.step, &error.refusal.verdict), ("address", &Verdict::Unusable));
    assert!(error.refusal.reason.contains("SMTP_ALLOWED_PORTS"), "{}", error.refusal.reason);
    // Not the machine's own surroundings, whoever names them.
    let metadata = MailServer { owner: Owner::Operator, host: "169.254.169.254".to_owned(), ..server };
    assert_eq!(Connection::open(&metadata, &settings, true).await.err().unwrap().step, "address");
}

#[tokio::test]
async fn a_server_that_is_away_is_not_a_wrong_one() {
    let sink = Sink::start().await;
    let mut server = server(&sink, Security::Plain);
    drop(sink);
    // A port that was free a moment ago, and nobody listens.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    server.port = closed;
    let error = Connection::open(&server, &settings(), false).await.err().unwrap();
    assert_eq!((error.step, &error.refusal.verdict), ("connect", &Verdict::SlowDown(None)));
    assert_eq!(error.refusal.reason, "The mail server refuses connections.");
    server.host = "no-such-host.invalid".to_owned();
    let error = Connection::open(&server, &settings(), false).await.err().unwrap();
    assert_eq!((error.step, &error.refusal.verdict), ("address", &Verdict::SlowDown(None)));

    for (phase, answer, verdict) in [
        (Phase::Greeting, Answer::Hang, Verdict::SlowDown(None)),
        (Phase::Greeting, Answer::Cut, Verdict::SlowDown(None)),
        (
            Phase::Greeting,
            Answer::say("421 4.7.0 too many connections, try again in 60 seconds"),
            Verdict::SlowDown(Some(std::time::Duration::from_secs(60))),
        ),
        (Phase::Greeting, Answer::say("450 4.7.1 wait"), Verdict::SlowDown(None)),
        (Phase::Greeting, Answer::say("554 5.7.1 go away"), Verdict::Unusable),
        (Phase::Ehlo, Answer::say("550 5.7.1 who are you"), Verdict::Unusable),
        (Phase::Ehlo, Answer::say("SSH-2.0-OpenSSH_10.0"), Verdict::SlowDown(None)),
    ] {
        let said = answer.clone();
        let sink =
            Sink::start_with(Options::default(), move |now, _| if now == phase { answer.clone() } else { Answer::Ok });
        let sink = sink.await;
        let error = Connection::open(&super::server(&sink, Security::Plain), &settings(), false).await.err().unwrap();
        assert_eq!((error.step, error.refusal.verdict), ("connect", verdict), "{said:?}");
        // Of what is not a mail server nothing is repeated: settings are no way to look around in a network.
        assert!(!error.refusal.reason.contains("SSH"), "{}", error.refusal.reason);
    }
}
