//! PyPI's aiosmtpd as a mail server of its own process, and Python's parser as another reader of mails.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
};

use super::Certificates;

/// What it offers; see `crates/testkit/python/smtp_server.py`.
#[derive(Default)]
pub struct AiosmtpdOptions<'a> {
    pub certificates: Option<&'a Certificates>,
    pub is_implicit_tls: bool,
    pub requires_starttls: bool,
    /// User and password.
    pub login: Option<(&'a str, &'a str)>,
}

/// A mail that it took.
#[derive(Debug, Clone)]
pub struct Taken {
    pub from: String,
    pub to: String,
    pub is_tls: bool,
    pub content: Vec<u8>,
}

/// The server, on a free port of 127.0.0.1, until it is dropped. It does as recipients are called, as the one in the process
/// does ([`super::by_recipient`]).
pub struct Aiosmtpd {
    pub port: u16,
    dir: TempDir,
    _process: Child,
}

/// The Python that has aiosmtpd and dkimpy: what AIOSMTPD names, else the one of `scripts/aiosmtpd.sh`.
#[must_use]
pub fn python() -> PathBuf {
    std::env::var_os("AIOSMTPD")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.local/aiosmtpd/bin/python3"), PathBuf::from)
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python").join(name)
}

impl Aiosmtpd {
    /// # Panics
    /// When it does not start.
    pub async fn start(options: &AiosmtpdOptions<'_>) -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(python());
        command.arg(script("smtp_server.py")).arg(dir.path());
        if let Some(certificates) = options.certificates {
            certificates.write(dir.path());
            command.arg("--cert").arg(dir.path().join("cert.pem")).arg("--key").arg(dir.path().join("key.pem"));
        }
        if options.is_implicit_tls {
            command.arg("--implicit-tls");
        }
        if options.requires_starttls {
            command.arg("--require-starttls");
        }
        if let Some((user, password)) = options.login {
            command.arg("--login").arg(format!("{user}:{password}"));
        }
        // It ends when its standard input does, also where this process is killed.
        let mut process =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn().expect("aiosmtpd starts");
        let mut line = String::new();
        BufReader::new(process.stdout.as_mut().expect("aiosmtpd says something"))
            .read_line(&mut line)
            .await
            .expect("aiosmtpd says something");
        let port = line.trim().parse().expect("aiosmtpd says its port");
        Self { port, dir, _process: process }
    }

    /// Where its certificates are, with `ca.pem` among them.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// What it has taken so far, in the order of arrival.
    ///
    /// # Panics
    /// When the folder cannot be read.
    #[must_use]
    pub fn mails(&self) -> Vec<Taken> {
        let entries = std::fs::read_dir(self.dir.path())
            .expect("the folder of mails can be read")
            .map(|entry| entry.expect("the folder of mails can be read").path());
        let mut files: Vec<PathBuf> =
            entries.filter(|path| path.extension().is_some_and(|end| end == "json")).collect();
        files.sort();
        files.iter().map(|file| taken(&std::fs::read(file).expect("a mail can be read"))).collect()
    }
}

fn taken(json: &[u8]) -> Taken {
    let mail: Value = serde_json::from_slice(json).expect("a mail as smtp_server.py writes it");
    let text = |field: &str| mail[field].as_str().expect("a mail as smtp_server.py writes it").to_owned();
    let content = STANDARD.decode(text("content")).expect("a mail as smtp_server.py writes it");
    Taken {
        from: text("from"),
        to: text("to"),
        is_tls: mail["tls"].as_bool().expect("a mail as smtp_server.py writes it"),
        content,
    }
}

/// What Python's parser makes of a mail: `headers`, `from`, `to`, `date`, `parts`, `defects`; with the TXT record of the key
/// `dkim`, whether its signature holds.
///
/// # Panics
/// When Python fails over it.
pub async fn read_by_python(mail: &[u8], record: Option<&str>) -> Value {
    let mut command = Command::new(python());
    command.arg(script("read_mail.py")).args(record).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut process = command.kill_on_drop(true).spawn().expect("Python starts");
    process.stdin.take().expect("Python reads").write_all(mail).await.expect("Python reads");
    let output = process.wait_with_output().await.expect("Python reads");
    assert!(output.status.success(), "Python could not read the mail");
    serde_json::from_slice(&output.stdout).expect("JSON of read_mail.py")
}
