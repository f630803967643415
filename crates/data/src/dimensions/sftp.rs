//! Fetching a list over SFTP: the newest file of a folder that a pattern fits, from a server whose key is known; or looking
//! what there is.

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
    /// A larger file is refused; of one that is looked at no more is read.
    pub most_bytes: u64,
}

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FetchedFile {
    /// Its name on the server, without the folder.
    pub name: String,
    pub bytes: u64,
}

/// A file of the folder that the pattern fits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FittingFile {
    /// Seconds since 1970.
    pub changed: u32,
    pub name: String,
    /// None where the server does not say.
    pub bytes: Option<u64>,
}

/// What is in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The newest first; at least one.
    pub files: Vec<FittingFile>,
    /// The newest one was read to its end.
    pub is_whole: bool,
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
    let folder = Folder::open(server, secret, limits).await?;
    let FittingFile { name, .. } = folder.newest_first().await?.swap_remove(0);
    let (bytes, is_whole) = folder.download(&name, into).await?;
    if !is_whole {
        return Err(SftpError::Refused(format!("the file is larger than {} bytes", limits.most_bytes)));
    }
    folder.close().await;
    Ok(FetchedFile { name, bytes })
}

/// Says which files fit, and writes the beginning of the newest one into `into`.
///
/// # Errors
/// See [`SftpError`].
pub async fn look(server: &SftpSource, secret: &ListSecret, limits: &Limits, into: &Path) -> Result<Looked, SftpError> {
    let folder = Folder::open(server, secret, limits).await?;
    let files = folder.newest_first().await?;
    let (_, is_whole) = folder.download(&files[0].name, into).await?;
    folder.close().await;
    Ok(Looked { files, is_whole })
}

/// The folder of a server that has let us in.
struct Folder<'a> {
    server: &'a SftpSource,
    limits: &'a Limits,
    session: Handle<KnownServer>,
    sftp: SftpSession,
}

impl<'a> Folder<'a> {
    async fn open(server: &'a SftpSource, secret: &ListSecret, limits: &'a Limits) -> Result<Self, SftpError> {
        let mut session = connect(server, limits).await?;
        within(limits.connect, "signing in", sign_in(&mut session, server, secret)).await??;
        let channel = within(limits.idle, "opening a channel", session.channel_open_session()).await?;
        let channel = channel.map_err(failed)?;
        within(limits.idle, "starting SFTP", channel.request_subsystem(true, "sftp"))
            .await?
            .map_err(|error| SftpError::Refused(format!("the server offers no SFTP: {error}")))?;
        let sftp = within(limits.idle, "starting SFTP", SftpSession::new(channel.into_stream())).await?;
        let sftp = sftp.map_err(failed)?;
        sftp.set_timeout(limits.idle.as_secs().max(1));
        Ok(Self { server, limits, session, sftp })
    }

    /// The files that the pattern fits, at least one; of several equally new ones the last by name comes first.
    async fn newest_first(&self) -> Result<Vec<FittingFile>, SftpError> {
        let SftpSource { path, pattern, .. } = self.server;
        let listed = within(self.limits.idle, "listing the folder", self.sftp.read_dir(path)).await?;
        let entries =
            listed.map_err(|error| SftpError::Refused(format!("the folder {path} cannot be listed: {error}")))?;
        let mut fitting: Vec<FittingFile> = entries
            .filter(|entry| entry.file_type().is_file())
            .map(|entry| {
                let about = entry.metadata();
                FittingFile { changed: about.mtime.unwrap_or_default(), name: entry.file_name(), bytes: about.size }
            })
            // A server that names a file elsewhere is not followed.
            .filter(|file| !file.name.contains(['/', '\0']) && fits(pattern, &file.name))
            .collect();
        fitting.sort_by(|one, other| other.cmp(one));
        if fitting.is_empty() {
            return Err(SftpError::Refused(format!("no file in the folder {path} fits {pattern}")));
        }
        Ok(fitting)
    }

    /// Writes the file into `into`, as far as the limit allows. Answers how many bytes that are, and whether they are all.
    async fn download(&self, name: &str, into: &Path) -> Result<(u64, bool), SftpError> {
        let Self { server, limits, sftp, .. } = self;
        let path = format!("{}/{name}", server.path.trim_end_matches('/'));
        let refused = |error| SftpError::Refused(format!("the file cannot be opened: {error}"));
        let mut remote = within(limits.idle, "opening the file", sftp.open(path)).await?.map_err(refused)?;
        let mut local = File::create(into).await?;
        let mut chunk = vec![0; CHUNK];
        let mut bytes = 0u64;
        loop {
            let read = within(limits.idle, "reading the file", remote.read(&mut chunk)).await?.map_err(failed)?;
            let is_whole = read == 0;
            if is_whole || bytes + read as u64 > limits.most_bytes {
                local.flush().await?;
                return Ok((bytes, is_whole));
            }
            bytes += read as u64;
            local.write_all(&chunk[..read]).await?;
        }
    }

    /// For good manners: what was asked for is here.
    async fn close(self) {
        let goodbye = self.session.disconnect(russh::Disconnect::ByApplication, "", "");
        let _ = timeout(Duration::from_secs(1), goodbye).await;
    }
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
