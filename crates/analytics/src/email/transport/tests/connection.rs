//! What is known of a mail, whatever the server does with it.

use lettre::Address;
use testkit::smtp::{Answer, Options, Phase, Sink, by_recipient};

use super::{
    super::connection::{Connection, Delivery, Refusal, Verdict},
    server, settings,
};
use crate::email::outlet::Security;

const MAIL: &[u8] = b"Message-ID: <1@x.example>\r\nSubject: x\r\n\r\nhello\r\n";

async fn connect(sink: &Sink) -> Connection {
    Connection::open(&server(sink, Security::Plain), &settings(), false).await.unwrap()
}

fn from() -> Address {
    "reports@shop.example".parse().unwrap()
}

/// One mail to somebody of that name.
async fn send(connection: &mut Connection, to: &str, mail: &[u8]) -> Result<Delivery, Refusal> {
    connection.envelope(&from(), &format!("{to}@rep.example").parse().unwrap()).await?;
    Ok(connection.data(mail).await)
}

fn refusal(sent: Result<Delivery, Refusal>) -> Refusal {
    match sent {
        Err(refusal) | Ok(Delivery::Refused(refusal)) => refusal,
        Ok(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn many_mails_go_over_one_connection() {
    let sink = Sink::start().await;
    let mut connection = connect(&sink).await;
    for n in 0..5 {
        let sent = send(&mut connection, &format!("ann{n}"), MAIL).await.unwrap();
        assert_eq!(sent, Delivery::Accepted("250 2.0.0 taken".to_owned()));
    }
    connection.quit().await;
    assert_eq!((sink.count(), sink.connections()), (5, 1));
    assert_eq!(sink.mails()[0].content, MAIL);
    assert_eq!(sink.mails()[0].message_id, "<1@x.example>");
    assert_eq!(sink.heard().last().unwrap().line, "QUIT");
}

#[tokio::test]
async fn refusals_say_what_to_do_and_the_connection_goes_on() {
    let sink = Sink::start().await;
    let mut connection = connect(&sink).await;
    let minutes = std::time::Duration::from_secs(300);
    for (to, verdict) in [
        ("550", Verdict::Final),
        ("451", Verdict::Later(None)),
        ("450", Verdict::Later(Some(minutes))),
        ("454", Verdict::SlowDown(None)),
        ("552", Verdict::Final),
    ] {
        let refused = refusal(send(&mut connection, to, MAIL).await);
        assert_eq!((refused.verdict, refused.is_open), (verdict, true), "{to}");
        assert!(refused.reply.unwrap().starts_with(to));
        // The server's words are for the history, not for whoever named the server.
        assert!(refused.reason.contains(to) && !refused.reason.contains("Throttling"), "{}", refused.reason);
        // Without a reset by the caller: what was begun does not get into the next mail.
        let next = send(&mut connection, "ann", MAIL).await.unwrap();
        assert!(matches!(next, Delivery::Accepted(_)), "{to}: {next:?}");
    }
    assert!(matches!(send(&mut connection, "450", MAIL).await.unwrap(), Delivery::Accepted(_)));
    let refused = refusal(send(&mut connection, "421", MAIL).await);
    assert_eq!((refused.verdict, refused.is_open), (Verdict::SlowDown(None), false));
    assert!(!connection.reset().await);
    assert_eq!(sink.count(), 6);
}

#[tokio::test]
async fn a_connection_lost_before_the_content_is_complete_means_that_nothing_was_accepted() {
    let sink = Sink::start().await;
    let refused = refusal(send(&mut connect(&sink).await, "cut-before-data", MAIL).await);
    assert_eq!((refused.verdict, refused.reply, refused.is_open), (Verdict::Later(None), None, false));
    // So much that it cannot all wait in the system's buffers.
    let long = [MAIL, "x".repeat(70).as_bytes(), b"\r\n".repeat(20_000_000).as_slice()].concat();
    let refused = refusal(send(&mut connect(&sink).await, "cut-in-content", &long).await);
    assert_eq!((refused.verdict, refused.reply, refused.is_open), (Verdict::Later(None), None, false));
    assert_eq!(sink.count(), 0);
}

#[tokio::test]
async fn without_a_reply_after_the_content_nobody_knows() {
    let sink = Sink::start().await;
    for (to, kept) in [("cut-after-data", 0), ("kept-after-data", 1), ("cut-in-content", 1), ("hang", 1)] {
        let mut connection = connect(&sink).await;
        let sent = send(&mut connection, to, MAIL).await.unwrap();
        assert!(matches!(&sent, Delivery::Unknown(why) if why.contains("may have been accepted")), "{to}: {sent:?}");
        assert_eq!(sink.count(), kept, "{to}");
        assert!(!connection.is_usable() && !connection.reset().await);
    }
}

#[tokio::test]
async fn garbage_counts_by_where_it_comes() {
    let at = |phase: Phase, text: &'static str| {
        Sink::start_with(Options::default(), move |now, _| if now == phase { Answer::say(text) } else { Answer::Ok })
    };
    for (phase, text) in [
        (Phase::Mail, "hello?"),
        (Phase::Rcpt, "354 go"),
        (Phase::Rcpt, "999 9"),
        (Phase::Data, "250 ok"),
        (Phase::Data, "\0\0"),
    ] {
        let sink = at(phase, text).await;
        let refused = refusal(send(&mut connect(&sink).await, "ann", MAIL).await);
        assert_eq!((refused.verdict, refused.is_open), (Verdict::Later(None), false), "{text}");
    }
    for text in ["oops", "354 more?", "250-a\r\n550 b", "25"] {
        let sink = at(Phase::End, text).await;
        let sent = send(&mut connect(&sink).await, "ann", MAIL).await.unwrap();
        assert!(matches!(sent, Delivery::Unknown(_)), "{text}: {sent:?}");
    }
}

#[tokio::test]
async fn replies_that_are_not_utf_8_are_replies() {
    // `Sink` speaks UTF-8 only, so this server is by hand: `é` of Latin-1.
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = [0; 512];
        for reply in [&b"220 x\r\n"[..], b"250 x\r\n", b"250 ok\r\n", b"550 5.1.1 Adresse rejet\xe9e\r\n"] {
            stream.write_all(reply).await.unwrap();
            assert!(stream.read(&mut heard).await.unwrap() > 0);
        }
    });
    let sink = Sink::start().await;
    let mut server = server(&sink, Security::Plain);
    server.port = port;
    let mut connection = Connection::open(&server, &settings(), false).await.unwrap();
    let refused = refusal(send(&mut connection, "ann", MAIL).await);
    assert_eq!(refused.verdict, Verdict::Final);
    assert_eq!(refused.reply.as_deref(), Some("550 5.1.1 Adresse rejet?e"));
    connection.quit().await;
    served.await.unwrap();
}

#[tokio::test]
async fn silence_is_waited_for_no_longer_than_was_set() {
    for phase in [Phase::Mail, Phase::Rcpt, Phase::Data] {
        let sink =
            Sink::start_with(Options::default(), move |now, _| if now == phase { Answer::Hang } else { Answer::Ok });
        let sink = sink.await;
        let mut connection = connect(&sink).await;
        let refused = refusal(send(&mut connection, "ann", MAIL).await);
        assert_eq!((refused.verdict, refused.is_open), (Verdict::Later(None), false), "{phase:?}");
        assert!(!connection.is_usable());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_may_look_at_a_whole_mail_for_longer_than_at_a_command() {
    let sink = Sink::start_with(Options::default(), |now, _| {
        if now == Phase::End {
            tokio::task::block_in_place(|| std::thread::sleep(settings().timeout * 2));
        }
        Answer::Ok
    })
    .await;
    let mut connection = connect(&sink).await;
    let sent = send(&mut connection, "ann", MAIL).await;
    assert!(matches!(sent, Ok(Delivery::Accepted(_))), "{sent:?}");
    assert!(connection.is_usable());
}

#[tokio::test]
async fn lines_of_dots_arrive_as_they_were() {
    let sink = Sink::start().await;
    let mut connection = connect(&sink).await;
    let head = "Message-ID: <1@x.example>\r\n\r\n";
    for body in [
        ".\r\n", "..\r\n.\r\n...\r\n", "a\r\n.\r\nb\r\n", ".", "\r\n.\r\n\r\n", "", "no end", "\r\n\r\n\r\n",
        ".a\r\n\r\n..\r\n",
    ] {
        let mail = format!("{head}{body}");
        assert!(
            matches!(send(&mut connection, "ann", mail.as_bytes()).await.unwrap(), Delivery::Accepted(_)),
            "{body:?}"
        );
        let taken = sink.mails().pop().unwrap().content;
        let expected = if mail.ends_with("\r\n") { mail } else { mail + "\r\n" };
        assert_eq!(String::from_utf8(taken).unwrap(), expected, "{body:?}");
    }
}

#[tokio::test]
async fn a_mail_that_servers_could_read_as_two_is_not_sent() {
    let sink = Sink::start().await;
    let mut connection = connect(&sink).await;
    for mail in [
        "a: b\r\n\r\nx\n.\r\nMAIL FROM:<x@y>\r\n",
        "a: b\r\n\r\nx\r.\r\n",
        "\n",
        "a\r\n\r",
        "a\n",
        "a\r\r\n",
        "\u{e9}\r\n",
    ] {
        let refused = refusal(send(&mut connection, "ann", mail.as_bytes()).await);
        assert_eq!((refused.verdict, refused.is_open), (Verdict::Final, true), "{mail:?}");
    }
    assert!(matches!(send(&mut connection, "ann", MAIL).await.unwrap(), Delivery::Accepted(_)));
    assert_eq!(sink.count(), 1);
}

#[tokio::test]
async fn addresses_that_are_not_ascii_need_a_server_that_can() {
    let mail = "To: <grün@rep.example>\r\n\r\nx\r\n".as_bytes();
    let sink = Sink::start().await;
    let mut connection = connect(&sink).await;
    let refused = refusal(send(&mut connection, "grün", mail).await);
    assert_eq!((refused.verdict, refused.is_open), (Verdict::Final, true));
    assert!(refused.reason.contains("SMTPUTF8"), "{}", refused.reason);
    assert!(matches!(send(&mut connection, "ann", MAIL).await.unwrap(), Delivery::Accepted(_)));

    let sink = Sink::start_with(Options { smtputf8: true, ..Options::default() }, by_recipient).await;
    let mut connection = connect(&sink).await;
    assert!(matches!(send(&mut connection, "grün", mail).await.unwrap(), Delivery::Accepted(_)));
    assert!(sink.heard().iter().any(|h| h.line == "MAIL FROM:<reports@shop.example> SMTPUTF8 BODY=8BITMIME"));
    assert_eq!(sink.mails()[0].to, "grün@rep.example");
}
