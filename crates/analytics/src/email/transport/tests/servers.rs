//! Connections that are used again, and how fast they are.

use std::time::Duration;

use common::config::MailSettings;
use lettre::Address;
use secrecy::SecretString;
use testkit::smtp::{Answer, Options, Phase, Sink};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    super::{
        connection::Delivery,
        servers::{Lease, Servers},
    },
    server, settings,
};
use crate::email::outlet::{Login, MailServer, Owner, Security};

async fn send(lease: &mut Lease) {
    let from: Address = "reports@shop.example".parse().unwrap();
    lease.envelope(&from, &"ann@rep.example".parse().unwrap()).await.unwrap();
    assert!(matches!(lease.data(b"a: b\r\n\r\n").await, Delivery::Accepted(_)));
}

fn servers(change: impl FnOnce(&mut MailSettings)) -> Servers {
    let mut settings = settings();
    settings.timeout = Duration::from_secs(5);
    change(&mut settings);
    Servers::with(settings, false)
}

#[tokio::test]
async fn a_connection_is_used_for_a_hundred_mails() {
    let sink = Sink::start().await;
    let servers = servers(|_| {});
    let server = servers.of(&server(&sink, Security::Plain));
    for _ in 0..250 {
        let mut lease = server.connection().await.unwrap();
        send(&mut lease).await;
        lease.give_back();
    }
    let mut mails: Vec<usize> = sink.mails_by_connection().into_values().collect();
    mails.sort_unstable();
    assert_eq!(mails, [50, 100, 100]);
}

#[tokio::test]
async fn no_more_connections_than_are_allowed_are_open() {
    let sink = Sink::start().await;
    let servers = servers(|settings| settings.connections = 3);
    let server = servers.of(&server(&sink, Security::Plain));
    let sends = (0..30).map(async |_| {
        let mut lease = server.connection().await.unwrap();
        send(&mut lease).await;
        tokio::task::yield_now().await;
        lease.give_back();
    });
    futures::future::join_all(sends).await;
    assert_eq!((sink.count(), sink.most_open(), sink.connections()), (30, 3, 3));
    // Closed when nobody needs them.
    servers.close_idle().await;
    assert_eq!(sink.open_now(), 3);
    servers.close_all().await;
    assert_eq!(sink.heard().iter().filter(|heard| heard.line == "QUIT").count(), 3);
}

#[tokio::test]
async fn a_connection_that_is_not_given_back_is_closed_and_makes_room() {
    let sink = Sink::start().await;
    let servers = servers(|settings| settings.connections = 1);
    let server = servers.of(&server(&sink, Security::Plain));
    let lease = server.connection().await.unwrap();
    let waiting = server.connection();
    tokio::pin!(waiting);
    assert!(futures::poll!(&mut waiting).is_pending());
    drop(lease);
    send(&mut waiting.await.unwrap()).await;
    assert_eq!(sink.connections(), 2);
}

#[tokio::test]
async fn a_broken_connection_is_not_used_again() {
    let sink = Sink::start().await;
    let servers = servers(|_| {});
    let server = servers.of(&server(&sink, Security::Plain));
    let mut lease = server.connection().await.unwrap();
    let from: Address = "reports@shop.example".parse().unwrap();
    lease.envelope(&from, &"cut-after-data@rep.example".parse().unwrap()).await.unwrap();
    assert!(matches!(lease.data(b"a: b\r\n\r\n").await, Delivery::Unknown(_)));
    lease.give_back();
    let mut lease = server.connection().await.unwrap();
    send(&mut lease).await;
    assert_eq!(sink.connections(), 2);
}

#[tokio::test]
async fn servers_are_told_apart_by_all_that_they_are_reached_with() {
    let sink = Sink::start().await;
    let servers = servers(|_| {});
    let with = |password: &str| Some(Login { username: "reports".to_owned(), password: SecretString::from(password) });
    let first = MailServer { login: with("one"), ..server(&sink, Security::Plain) };
    let same = MailServer { host: "127.0.0.1".to_uppercase(), from: "x@y.example".parse().unwrap(), ..first.clone() };
    assert!(std::sync::Arc::ptr_eq(&servers.of(&first), &servers.of(&same)));
    for other in [
        MailServer { login: with("two"), ..first.clone() },
        MailServer { login: None, ..first.clone() },
        MailServer { owner: Owner::Tenant, ..first.clone() },
        MailServer { port: 25, ..first.clone() },
        MailServer { security: Security::StartTls, ..first.clone() },
        MailServer { host: "127.0.0.2".to_owned(), ..first.clone() },
    ] {
        assert!(!std::sync::Arc::ptr_eq(&servers.of(&first), &servers.of(&other)), "{other:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_wants_less_is_left_alone_for_longer_each_time() {
    let sink = Sink::start().await;
    let servers = servers(|_| {});
    let server = servers.of(&server(&sink, Security::Plain));
    let left = || server.paused_until().map_or(0, |until| until.duration_since(Instant::now()).as_secs());
    assert_eq!(server.paused_until(), None);
    for expected in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
        server.slow_down(None);
        assert_eq!(left(), expected);
        // Other connections hear the same at the same time: that makes it no longer.
        server.slow_down(None);
        assert_eq!(left(), expected);
        tokio::time::advance(Duration::from_secs(expected)).await;
        assert_eq!(server.paused_until(), None);
    }
    server.took(Uuid::now_v7());
    server.slow_down(None);
    assert_eq!(left(), 30);
    // A server that says how long gets that, and no shorter pause ends a longer one.
    server.slow_down(Some(Duration::from_secs(300)));
    assert_eq!(left(), 300);
    server.slow_down(Some(Duration::from_secs(20)));
    assert_eq!(left(), 300);
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_kept_also_where_nobody_asks_for_the_server_meanwhile() {
    let sink = Sink::start().await;
    let (servers, server) = (servers(|_| {}), server(&sink, Security::Plain));
    servers.of(&server).slow_down(Some(Duration::from_hours(12)));
    tokio::time::advance(Duration::from_hours(11)).await;
    servers.close_idle().await;
    assert!(servers.of(&server).paused_until().is_some(), "forgotten with the server");
}

#[tokio::test(start_paused = true)]
async fn a_pause_is_about_a_mail_when_others_went_since_it_was_asked_for_with_that_mail() {
    let sink = Sink::start().await;
    let server = servers(|_| {}).of(&server(&sink, Security::Plain));
    let [mail, other] = [Uuid::now_v7(), Uuid::now_v7()];
    assert!(!server.is_about(mail) && server.told_off(mail));
    assert!(!server.is_about(mail), "nothing went in between: it is the server");
    server.took(other);
    assert!(!server.is_about(other), "for the first time");
    assert!(server.is_about(mail));
    // Once it went, it starts afresh.
    server.took(mail);
    assert!(!server.told_off(mail) && !server.is_about(mail));
}

#[tokio::test]
async fn mails_go_out_no_faster_than_is_set() {
    let servers = servers(|settings| (settings.per_second, settings.per_domain_per_second) = (200, 50));
    let sink = Sink::start().await;
    let server = servers.of(&server(&sink, Security::Plain));
    let began = Instant::now();
    // 5 of them at once, then one every 20 ms; capital letters make no other domain.
    for domain in ["big.example", "BIG.example"].repeat(10) {
        server.turn(domain).await;
    }
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(290), "{took:?}");
    let began = Instant::now();
    // Each to another domain: only the server's own pace holds, 20 at once and then one every 5 ms.
    for n in 0..80 {
        server.turn(&format!("{n}.example")).await;
    }
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(290), "{took:?}");
}

/// An idle connection is asked before it is trusted with a mail, and one that the server has closed is not noticed by the mail.
#[tokio::test]
async fn an_idle_connection_that_was_closed_is_replaced() {
    let sink = Sink::start_with(Options::default(), |phase, talk| match (phase, talk.connection) {
        (Phase::Reset, 1) => Answer::Cut,
        _ => Answer::Ok,
    });
    let sink = sink.await;
    let servers = servers(|_| {});
    let server = servers.of(&server(&sink, Security::Plain));
    let mut lease = server.connection().await.unwrap();
    send(&mut lease).await;
    lease.give_back();
    server.age_idle(Duration::from_secs(21));
    let mut lease = server.connection().await.unwrap();
    send(&mut lease).await;
    assert_eq!((sink.connections(), sink.count()), (2, 2));
    lease.give_back();
    server.age_idle(Duration::from_secs(21));
    let mut lease = server.connection().await.unwrap();
    send(&mut lease).await;
    assert_eq!((sink.connections(), sink.count()), (2, 3));
    lease.give_back();
    server.age_idle(Duration::from_secs(61));
    servers.close_idle().await;
    assert_eq!(sink.heard().last().unwrap().line, "QUIT");
}
