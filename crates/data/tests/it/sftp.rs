//! Lists over SFTP: from a server whose key is pinned, with a password or a key, the newest file, and every way it fails.

use std::time::Duration;

use data_service::dimensions::list_source::{ListSecret, SftpSource};
use data_service::dimensions::sftp::{FetchedFile, Limits, SftpError, fetch};
use russh::keys::ssh_key::LineEnding;
use russh::keys::{Algorithm, PrivateKey};
use secrecy::SecretString;

use crate::sftp_server::{Fault, PASSWORD, SftpServer, USER};

fn source(server: &SftpServer, host_key: Option<&str>) -> SftpSource {
    SftpSource {
        host: server.address().ip().to_string(),
        port: server.port,
        username: USER.into(),
        path: "/outgoing".into(),
        pattern: "users*.csv".into(),
        host_key: host_key.map(str::to_owned),
    }
}

fn password(text: &str) -> ListSecret {
    ListSecret { password: Some(SecretString::from(text)), ..ListSecret::default() }
}

const LIMITS: Limits = Limits {
    allow_private: true,
    connect: Duration::from_secs(10),
    idle: Duration::from_secs(2),
    most_bytes: 8 * 1024 * 1024,
};

async fn fetched(
    source: &SftpSource,
    secret: &ListSecret,
    limits: &Limits,
) -> Result<(FetchedFile, Vec<u8>), SftpError> {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("list");
    let file = fetch(source, secret, limits, &into).await?;
    Ok((file, std::fs::read(into).unwrap()))
}

fn refusal(result: Result<(FetchedFile, Vec<u8>), SftpError>) -> String {
    match result {
        Err(SftpError::Refused(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_newest_file_that_fits_is_fetched_whole() {
    let big: Vec<u8> = (0..3_000_000u32).map(|n| (n % 251) as u8).collect();
    let files: [(&str, &[u8], u32); 5] = [
        ("users_1.csv", b"old", 10),
        ("users_2.csv", &big, 30),
        ("users_3.csv", b"older", 20),
        ("orders.csv", b"another list", 99),
        // What a link leads to is anybody's guess.
        ("users.link.csv", b"a link", 99),
    ];
    let server = SftpServer::start(&files, None, Fault::None).await;
    let source = source(&server, Some(&server.fingerprint));
    let (file, content) = fetched(&source, &password(PASSWORD), &LIMITS).await.unwrap();
    assert_eq!(file, FetchedFile { name: "users_2.csv".into(), bytes: 3_000_000 });
    assert!(content == big);

    let none = SftpSource { pattern: "people*.csv".into(), ..source.clone() };
    assert_eq!(
        refusal(fetched(&none, &password(PASSWORD), &LIMITS).await),
        "no file in the folder /outgoing fits people*.csv"
    );
    let elsewhere = SftpSource { path: "/incoming".into(), ..source.clone() };
    assert!(
        refusal(fetched(&elsewhere, &password(PASSWORD), &LIMITS).await)
            .starts_with("the folder /incoming cannot be listed")
    );
    let small = Limits { most_bytes: 100_000, ..LIMITS };
    assert_eq!(refusal(fetched(&source, &password(PASSWORD), &small).await), "the file is larger than 100000 bytes");
}

#[tokio::test]
async fn only_a_server_with_the_pinned_key_is_spoken_to() {
    let server = SftpServer::start(&[("users.csv", b"x", 1)], None, Fault::None).await;
    // Nothing pinned: the refusal says what to compare.
    let unpinned = refusal(fetched(&source(&server, None), &password(PASSWORD), &LIMITS).await);
    assert!(unpinned.contains(&server.fingerprint), "{unpinned}");
    let other = SftpServer::start(&[], None, Fault::None).await;
    let wrong = refusal(fetched(&source(&server, Some(&other.fingerprint)), &password(PASSWORD), &LIMITS).await);
    assert!(wrong.contains(&server.fingerprint) && wrong.contains(&other.fingerprint), "{wrong}");
    assert!(!wrong.contains(PASSWORD));
}

#[tokio::test]
async fn a_password_or_a_key_opens_the_account_and_no_other_does() {
    let key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
    let files: [(&str, &[u8], u32); 1] = [("users.csv", b"x", 1)];
    let server = SftpServer::start(&files, Some(key.public_key().clone()), Fault::None).await;
    let source = source(&server, Some(&server.fingerprint));
    let wrong = refusal(fetched(&source, &password("wrong"), &LIMITS).await);
    assert_eq!(wrong, "the server does not let shop in with what is stored");

    let text = |key: &PrivateKey| SecretString::from(key.to_openssh(LineEnding::LF).unwrap().to_string());
    let by_key = |key: &PrivateKey| ListSecret { private_key: Some(text(key)), ..ListSecret::default() };
    assert_eq!(fetched(&source, &by_key(&key), &LIMITS).await.unwrap().0.bytes, 1);
    let stranger = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
    assert!(refusal(fetched(&source, &by_key(&stranger), &LIMITS).await).contains("does not let shop in"));
    let broken = ListSecret { private_key: Some(SecretString::from("no key at all")), ..ListSecret::default() };
    assert!(refusal(fetched(&source, &broken, &LIMITS).await).starts_with("the private key cannot be read"));
    // A key that needs its passphrase.
    let sealed = key.encrypt(&mut rand::rng(), "open sesame").unwrap();
    let sealed = |passphrase: &str| ListSecret {
        private_key: Some(text(&sealed)),
        passphrase: Some(SecretString::from(passphrase)),
        ..ListSecret::default()
    };
    assert_eq!(fetched(&source, &sealed("open sesame"), &LIMITS).await.unwrap().0.bytes, 1);
    assert!(refusal(fetched(&source, &sealed("open"), &LIMITS).await).starts_with("the private key cannot be read"));
}

#[tokio::test]
async fn a_server_that_hangs_or_breaks_off_may_be_tried_again() {
    let big = vec![b'x'; 400_000];
    for fault in [Fault::Hang, Fault::Cut] {
        let server = SftpServer::start(&[("users.csv", &big, 1)], None, fault).await;
        let result = fetched(&source(&server, Some(&server.fingerprint)), &password(PASSWORD), &LIMITS).await;
        assert!(matches!(result, Err(SftpError::Failed(_))), "{fault:?}: {result:?}");
    }
    // Nobody listens there any more.
    let gone = SftpServer::start(&[], None, Fault::None).await;
    let source = source(&gone, Some("SHA256:uNiVztksCsDhcc0u9e8BrrdkAX1jGwHDfVlf2nXrNGs"));
    drop(gone);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let result = fetched(&source, &password(PASSWORD), &LIMITS).await;
    assert!(matches!(result, Err(SftpError::Failed(_))), "{result:?}");
}

#[tokio::test]
async fn the_operators_own_networks_are_out_of_reach() {
    let server = SftpServer::start(&[("users.csv", b"x", 1)], None, Fault::None).await;
    let closed = Limits { allow_private: false, ..LIMITS };
    let reason = refusal(fetched(&source(&server, Some(&server.fingerprint)), &password(PASSWORD), &closed).await);
    assert!(reason.contains("ALLOW_PRIVATE_ADDRESSES"), "{reason}");
}
