//! Debian's postfix as a private instance: a folder and ports of its own, STARTTLS, AUTH, and mailboxes that can be read.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::Certificates;

const PATIENCE: Duration = Duration::from_secs(30);
/// Debian's `nobody` and `nogroup`, to whom the mailboxes belong.
const NOBODY: u32 = 65534;

/// A running instance, until it is dropped. It takes mail for `rep.example` from those who log in over TLS, but for addresses
/// that begin with `unknown`.
pub struct Postfix {
    /// For STARTTLS.
    pub submission: u16,
    /// For TLS from the first byte.
    pub submissions: u16,
    /// The user's password; the user is [`Postfix::USER`].
    pub password: String,
    dir: TempDir,
}

impl Postfix {
    pub const USER: &str = "reports@rep.example";

    /// # Panics
    /// When it cannot be started: only root can.
    #[must_use]
    pub fn start(certificates: &Certificates) -> Self {
        let dir = tempfile::Builder::new().prefix("postfix-").tempdir().expect("a temporary folder");
        // Its processes are no root.
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755))
            .expect("the folder of postfix can be set up");
        certificates.write(dir.path());
        let (submission, submissions) = free_ports();
        let password = uuid::Uuid::new_v4().simple().to_string();
        let server = Self { submission, submissions, password, dir };
        server.configure();
        server.add_user();
        server.postfix("start");
        let started = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", submission)).is_err() {
            assert!(started.elapsed() < PATIENCE, "postfix does not listen: {}", server.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    /// Where its certificates are, with `ca.pem` among them.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The mails in the mailbox, whoever they are for, as they were delivered: with the server's own headers above ours.
    ///
    /// # Panics
    /// When it cannot be read.
    #[must_use]
    pub fn mailbox(&self) -> Vec<Vec<u8>> {
        let Ok(entries) = fs::read_dir(self.path("mails/all/new")) else { return Vec::new() };
        entries.map(|entry| fs::read(entry.expect("a mail can be read").path()).expect("a mail can be read")).collect()
    }

    /// What it wrote about itself.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn configure(&self) {
        for folder in ["etc/sasl", "spool", "data", "mails"] {
            fs::create_dir_all(self.path(folder)).expect("the folder of postfix can be set up");
        }
        chown(self.path("data"), Some(account("postfix")), None).expect("the folder of postfix can be set up");
        chown(self.path("mails"), Some(NOBODY), Some(NOBODY)).expect("the folder of postfix can be set up");
        let dir = self.dir.path().display();
        let main = include_str!("postfix/main.cf").replace("@dir@", &dir.to_string());
        let master = include_str!("postfix/master.cf")
            .replace("@submission@", &self.submission.to_string())
            .replace("@submissions@", &self.submissions.to_string());
        let sasl = format!(
            "pwcheck_method: auxprop\nauxprop_plugin: sasldb\nmech_list: PLAIN LOGIN\nsasldb_path: {dir}/etc/sasldb2\n"
        );
        fs::write(self.path("etc/main.cf"), main).expect("the folder of postfix can be set up");
        fs::write(self.path("etc/master.cf"), master).expect("the folder of postfix can be set up");
        fs::write(self.path("etc/sasl/smtpd.conf"), sasl).expect("the folder of postfix can be set up");
        fs::write(self.path("etc/people"), "if !/^unknown/\n/@rep\\.example$/ all/\nendif\n")
            .expect("the folder of postfix can be set up");
    }

    fn add_user(&self) {
        let (user, realm) = Self::USER.split_once('@').expect("a user with a domain");
        let users = self.path("etc/sasldb2");
        let mut command = Command::new("/usr/sbin/saslpasswd2");
        command.args(["-p", "-c", "-u", realm, "-f"]).arg(&users).arg(user).stdin(Stdio::piped());
        let mut process = command.spawn().expect("saslpasswd2 starts");
        std::io::Write::write_all(
            &mut process.stdin.take().expect("saslpasswd2 reads the password"),
            self.password.as_bytes(),
        )
        .expect("saslpasswd2 reads the password");
        assert!(process.wait().expect("saslpasswd2 reads the password").success(), "saslpasswd2");
        chown(users, Some(account("postfix")), None).expect("the folder of postfix can be set up");
    }

    fn postfix(&self, what: &str) {
        let mut command = Command::new("/usr/sbin/postfix");
        command.arg("-c").arg(self.path("etc")).arg(what).stdout(Stdio::null()).stderr(Stdio::null());
        let done = command.status().expect("postfix starts");
        assert!(done.success() || what == "stop", "postfix {what}: {}", self.log());
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        self.postfix("stop");
    }
}

/// The number of a system account.
fn account(name: &str) -> u32 {
    let accounts = fs::read_to_string("/etc/passwd").expect("an account of the system");
    let account =
        accounts.lines().find_map(|line| line.strip_prefix(&format!("{name}:"))).expect("the account is there");
    account.split(':').nth(1).expect("an account of the system").parse().expect("an account of the system")
}

/// Two that nobody listened on a moment ago.
fn free_ports() -> (u16, u16) {
    let held: Vec<TcpListener> = (0..2).map(|_| TcpListener::bind("127.0.0.1:0").expect("a free port")).collect();
    (held[0].local_addr().expect("a free port").port(), held[1].local_addr().expect("a free port").port())
}
