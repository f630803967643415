//! A real SFTP server in the test's process, with the files of one folder and faults on order.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::keys::{Algorithm, HashAlg, PrivateKey, PublicKey};
use russh::server::{Auth, ChannelOpenHandle, Msg, Session, VerifiedPublicKey};
use russh::{Channel, ChannelId};
use russh_sftp::protocol::{Attrs, Data, File, FileAttributes, Handle, Name, OpenFlags, Status, StatusCode, Version};
use tokio::net::TcpListener;

pub const USER: &str = "shop";
pub const PASSWORD: &str = "a password of the tests";

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// After the first 64 KiB of a file nothing comes any more.
    Hang,
    /// There the connection ends.
    Cut,
}

/// A file: its content and when it was changed.
#[derive(Debug, Clone)]
pub struct RemoteFile {
    pub content: Vec<u8>,
    pub changed: u32,
    pub is_link: bool,
}

pub struct SftpServer {
    pub port: u16,
    /// As `ssh-keygen -lf` shows it.
    pub fingerprint: String,
    accepting: tokio::task::JoinHandle<()>,
}

impl Drop for SftpServer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl SftpServer {
    /// Lets [`USER`] in by [`PASSWORD`] or by this key.
    pub async fn start(files: &[(&str, &[u8], u32)], key: Option<PublicKey>, fault: Fault) -> Self {
        let files = files.iter().map(|(name, content, changed)| {
            let is_link = name.ends_with(".link.csv");
            ((*name).to_owned(), RemoteFile { content: content.to_vec(), changed: *changed, is_link })
        });
        let files: Arc<HashMap<String, RemoteFile>> = Arc::new(files.collect());
        let host = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519).unwrap();
        let fingerprint = host.public_key().fingerprint(HashAlg::Sha256).to_string();
        let config = Arc::new(russh::server::Config {
            auth_rejection_time: Duration::ZERO,
            keys: vec![host],
            ..russh::server::Config::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let visitor = Visitor { files: Arc::clone(&files), key: key.clone(), fault, channels: HashMap::new() };
                let config = Arc::clone(&config);
                tokio::spawn(async move {
                    if let Ok(session) = russh::server::run_stream(config, stream, visitor).await {
                        let _ = session.await;
                    }
                });
            }
        });
        Self { port, fingerprint, accepting }
    }

    pub fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }
}

struct Visitor {
    files: Arc<HashMap<String, RemoteFile>>,
    key: Option<PublicKey>,
    fault: Fault,
    channels: HashMap<ChannelId, Channel<Msg>>,
}

impl russh::server::Handler for Visitor {
    type Error = russh::Error;

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Self::Error> {
        Ok(if user == USER && password == PASSWORD { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Self::Error> {
        let known = self.key.as_ref().is_some_and(|known| known.key_data() == key.public_key.key_data());
        Ok(if user == USER && known { Auth::Accept } else { Auth::reject() })
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Self::Error> {
        self.channels.insert(channel.id(), channel);
        reply.accept().await;
        Ok(())
    }

    async fn subsystem_request(&mut self, id: ChannelId, name: &str, session: &mut Session) -> Result<(), Self::Error> {
        let Some(channel) = self.channels.remove(&id).filter(|_| name == "sftp") else {
            return session.channel_failure(id);
        };
        session.channel_success(id)?;
        let folder = Folder { files: Arc::clone(&self.files), fault: self.fault, listed: false };
        russh_sftp::server::run(channel.into_stream(), folder).await;
        Ok(())
    }
}

struct Folder {
    files: Arc<HashMap<String, RemoteFile>>,
    fault: Fault,
    listed: bool,
}

fn attributes(file: &RemoteFile) -> FileAttributes {
    FileAttributes {
        size: Some(file.content.len() as u64),
        permissions: Some(if file.is_link { 0o120_777 } else { 0o100_644 }),
        mtime: Some(file.changed),
        ..FileAttributes::empty()
    }
}

impl Folder {
    fn file(&self, path: &str) -> Result<&RemoteFile, StatusCode> {
        path.strip_prefix("/outgoing/").and_then(|name| self.files.get(name)).ok_or(StatusCode::NoSuchFile)
    }
}

impl russh_sftp::server::Handler for Folder {
    type Error = StatusCode;

    fn unimplemented(&self) -> Self::Error {
        StatusCode::OpUnsupported
    }

    async fn init(&mut self, _: u32, _: HashMap<String, String>) -> Result<Version, Self::Error> {
        Ok(Version::new())
    }

    async fn opendir(&mut self, id: u32, path: String) -> Result<Handle, Self::Error> {
        self.listed = false;
        if path == "/outgoing" { Ok(Handle { id, handle: path }) } else { Err(StatusCode::NoSuchFile) }
    }

    async fn readdir(&mut self, id: u32, _: String) -> Result<Name, Self::Error> {
        if std::mem::replace(&mut self.listed, true) {
            return Err(StatusCode::Eof);
        }
        let files = self.files.iter().map(|(name, file)| File::new(name, attributes(file))).collect();
        Ok(Name { id, files })
    }

    async fn open(&mut self, id: u32, path: String, _: OpenFlags, _: FileAttributes) -> Result<Handle, Self::Error> {
        self.file(&path)?;
        Ok(Handle { id, handle: path })
    }

    async fn fstat(&mut self, id: u32, handle: String) -> Result<Attrs, Self::Error> {
        Ok(Attrs { id, attrs: attributes(self.file(&handle)?) })
    }

    async fn stat(&mut self, id: u32, path: String) -> Result<Attrs, Self::Error> {
        Ok(Attrs { id, attrs: attributes(self.file(&path)?) })
    }

    async fn read(&mut self, id: u32, handle: String, offset: u64, len: u32) -> Result<Data, Self::Error> {
        let content = &self.file(&handle)?.content;
        let from = usize::try_from(offset).unwrap();
        if from >= 65_536 {
            match self.fault {
                Fault::None => {}
                Fault::Hang => std::future::pending().await,
                Fault::Cut => return Err(StatusCode::ConnectionLost),
            }
        }
        if from >= content.len() {
            return Err(StatusCode::Eof);
        }
        Ok(Data { id, data: content[from..content.len().min(from + len as usize)].to_vec() })
    }

    async fn close(&mut self, id: u32, _: String) -> Result<Status, Self::Error> {
        Ok(Status { id, status_code: StatusCode::Ok, error_message: String::new(), language_tag: "en".into() })
    }
}
