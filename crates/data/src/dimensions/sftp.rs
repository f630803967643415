//! Fetching a list over SFTP: the newest file of a folder that a pattern fits, from a server whose key is known.

use std::fmt::Display;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use common::outgoing::{OutgoingError, resolve_public};
use russh::client::{self, Handle};
use russh::keys::PublicKeyOrCertificate;
use russh::keys::{HashAlg, PrivateKeyWithHashAlg, decode_secret_key};
use russh_sftp::client::SftpSession;
use secrecy::ExposeSecret;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::list_source::{ListSecret, SftpSource};

/// Bytes read at a time.
const CHUNK: usize = 64 * 1024;

/// What a fetch may do.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The operator's networks may be connected to.
    pub allow_private: bool,
    /// For the connection, and again for signing in.
    pub connect: Duration,
    /// The longest silence of the server after that.
    pub idle: Duration,
    /// A larger file is refused.
    pub most_bytes: u64,
}

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedFile {
    /// Its name on the server, without the folder.
    pub name: String,
    pub bytes: u64,
}

/// Why nothing was fetched. The texts are for the person who named the server, and hold no secret.
#[derive(Debug, thiserror::Error)]
pub enum SftpError {
    /// Until somebody changes something.
    #[error("{0}")]
    Refused(String),
    /// It may pass.
    #[error("{0}")]
    Failed(String),
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Fetches the newest fitting file into `into`. Nothing of it is to be used after an error.
///
/// # Errors
/// See [`SftpError`].
pub async fn fetch(
    server: &SftpSource,
    secret: &ListSecret,
    limits: &Limits,
    into: &Path,
) -> Result<FetchedFile, SftpError> {
    let mut session = connect(server, limits).await?;
    within(limits.connect, "signing in", sign_in(&mut session, server, secret)).await??;
    let channel = within(limits.idle, "opening a channel", session.channel_open_session()).await?.map_err(failed)?;
    within(limits.idle, "starting SFTP", channel.request_subsystem(true, "sftp"))
        .await?
        .map_err(|error| SftpError::Refused(format!("the server offers no SFTP: {error}")))?;
    let sftp = within(limits.idle, "starting SFTP", SftpSession::new(channel.into_stream())).await?.map_err(failed)?;
    sftp.set_timeout(limits.idle.as_secs().max(1));
    let name = newest(&sftp, server, limits).await?;
    let bytes = download(&sftp, &format!("{}/{name}", server.path.trim_end_matches('/')), limits, into).await?;
    // Said for good manners; the file is here.
    let _ = timeout(Duration::from_secs(1), session.disconnect(russh::Disconnect::ByApplication, "", "")).await;
    Ok(FetchedFile { name, bytes })
}

async fn within<T>(limit: Duration, what: &str, doing: impl Future<Output = T>) -> Result<T, SftpError> {
    timeout(limit, doing)
        .await
        .map_err(|_| SftpError::Failed(format!("{what} took longer than {} s", limit.as_secs_f32())))
}

fn failed(error: impl Display) -> SftpError {
    SftpError::Failed(format!("the connection to the server failed: {error}"))
}

async fn connect(server: &SftpSource, limits: &Limits) -> Result<Handle<KnownServer>, SftpError> {
    let address =
        resolve_public(&server.host, server.port, limits.allow_private).await.map_err(|error| match error {
            OutgoingError::TimedOut(_) => SftpError::Failed(error.to_string()),
            OutgoingError::Unknown(_) | OutgoingError::Refused(_) => SftpError::Refused(error.to_string()),
        })?;
    // To the very address that was judged: the name could lead elsewhere by now.
    let stream = within(limits.connect, "connecting", TcpStream::connect(address)).await?.map_err(failed)?;
    let seen = Arc::new(Mutex::new(None));
    let known = KnownServer { expected: server.host_key.clone(), seen: Arc::clone(&seen) };
    let config = client::Config { inactivity_timeout: Some(limits.idle), ..client::Config::default() };
    match within(limits.connect, "connecting", client::connect_stream(Arc::new(config), stream, known)).await? {
        Ok(session) => Ok(session),
        Err(russh::Error::UnknownKey) => {
            let shown = seen.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default();
            Err(SftpError::Refused(match &server.host_key {
                Some(expected) => format!(
                    "the server showed the key {shown} and not {expected}: it is another server, or its key was \
                     changed; make sure of it before setting host_key anew"
                ),
                None => {
                    format!("the server's key is not known: it showed {shown}; if that is its key, set it as host_key")
                }
            }))
        }
        Err(error) => Err(failed(error)),
    }
}

/// Lets only the server in whose key is pinned.
struct KnownServer {
    expected: Option<String>,
    /// The fingerprint that the server showed.
    seen: Arc<Mutex<Option<String>>>,
}

impl client::Handler for KnownServer {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let PublicKeyOrCertificate::PublicKey { key, .. } = key else { return Ok(false) };
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let known = self.expected.as_ref() == Some(&fingerprint);
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(fingerprint);
        Ok(known)
    }
}

/// By key where there is one, else, or where the server does not take it, by password.
async fn sign_in(session: &mut Handle<KnownServer>, server: &SftpSource, secret: &ListSecret) -> Result<(), SftpError> {
    if let Some(text) = &secret.private_key {
        let passphrase = secret.passphrase.as_ref().map(ExposeSecret::expose_secret);
        // What the library says of a key could quote it.
        let key = decode_secret_key(text.expose_secret(), passphrase).map_err(|_| {
            SftpError::Refused("the private key cannot be read: OpenSSH or PEM, with its passphrase".into())
        })?;
        let hash = session.best_supported_rsa_hash().await.map_err(failed)?.flatten();
        let key = PrivateKeyWithHashAlg::new(Arc::new(key), hash);
        if session.authenticate_publickey(&server.username, key).await.map_err(failed)?.success() {
            return Ok(());
        }
    }
    if let Some(password) = &secret.password
        && session.authenticate_password(&server.username, password.expose_secret()).await.map_err(failed)?.success()
    {
        return Ok(());
    }
    Err(SftpError::Refused(format!("the server does not let {} in with what is stored", server.username)))
}

/// The newest file that the pattern fits; of several equally new ones the last by name.
async fn newest(sftp: &SftpSession, server: &SftpSource, limits: &Limits) -> Result<String, SftpError> {
    let listed = within(limits.idle, "listing the folder", sftp.read_dir(&server.path)).await?;
    let entries =
        listed.map_err(|error| SftpError::Refused(format!("the folder {} cannot be listed: {error}", server.path)))?;
    let fitting = entries
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| (entry.metadata().mtime.unwrap_or_default(), entry.file_name()))
        // A server that names a file elsewhere is not followed.
        .filter(|(_, name)| !name.contains(['/', '\0']) && fits(&server.pattern, name));
    fitting
        .max()
        .map(|(_, name)| name)
        .ok_or_else(|| SftpError::Refused(format!("no file in the folder {} fits {}", server.path, server.pattern)))
}

async fn download(sftp: &SftpSession, path: &str, limits: &Limits, into: &Path) -> Result<u64, SftpError> {
    let refused = |error| SftpError::Refused(format!("the file cannot be opened: {error}"));
    let mut remote = within(limits.idle, "opening the file", sftp.open(path)).await?.map_err(refused)?;
    let mut local = File::create(into).await?;
    let mut chunk = vec![0; CHUNK];
    let mut bytes = 0u64;
    loop {
        let read = within(limits.idle, "reading the file", remote.read(&mut chunk)).await?.map_err(failed)?;
        if read == 0 {
            break;
        }
        bytes += read as u64;
        if bytes > limits.most_bytes {
            return Err(SftpError::Refused(format!("the file is larger than {} bytes", limits.most_bytes)));
        }
        local.write_all(&chunk[..read]).await?;
    }
    local.flush().await?;
    Ok(bytes)
}

/// Whether the name fits: `*` stands for any characters, `?` for one.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    // reached[n]: the pattern so far fits the first n characters.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for wanted in pattern {
        let mut next = vec![false; name.len() + 1];
        for n in 0..=name.len() {
            next[n] = match wanted {
                '*' => reached[n] || (n > 0 && next[n - 1]),
                wanted => n > 0 && reached[n - 1] && (wanted == '?' || wanted == name[n - 1]),
            };
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn stars_and_question_marks_stand_for_characters_and_nothing_else_does() {
        for (pattern, name) in [
            ("users*.csv", "users.csv"),
            ("users*.csv", "users_2026-03-01.csv"),
            ("u?er*", "user"),
            ("*", ""),
            ("ä*", "äx"),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("users*.csv", "users.csv.tmp"), ("u?er", "uer"), ("a.c", "abc"), ("users", "Users"), ("", "x")]
        {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
        // A pattern of many stars takes no longer than its length times the name's.
        assert!(!fits(&"*a".repeat(100), &"a".repeat(99)));
    }
}
