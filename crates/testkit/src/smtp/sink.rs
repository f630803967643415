//! A mail server in the process that keeps what it is sent, and answers as a script says.

use std::{
    collections::HashMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use super::{Answer, Certificates, Phase, Talk, by_recipient, session};

/// What a server offers.
pub struct Options {
    /// With them it offers STARTTLS.
    pub certificates: Option<Certificates>,
    /// TLS from the first byte instead.
    pub is_implicit_tls: bool,
    /// It wants this login: user and password. Offered inside TLS only, where it has certificates.
    pub login: Option<(String, String)>,
    pub smtputf8: bool,
    /// Keeps the content of mails; a bench needs none.
    pub keeps_content: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { certificates: None, is_implicit_tls: false, login: None, smtputf8: false, keeps_content: true }
    }
}

/// A mail that it took.
#[derive(Debug, Clone)]
pub struct Received {
    pub from: String,
    pub to: String,
    /// As sent, without the dots that SMTP adds.
    pub content: Vec<u8>,
    /// With its angle brackets; empty where it has none.
    pub message_id: String,
    /// The connection's number, from 1.
    pub connection: usize,
    pub is_tls: bool,
}

/// A line that it was told, content of mails left out.
#[derive(Debug, Clone)]
pub struct Heard {
    pub connection: usize,
    pub is_tls: bool,
    pub line: String,
}

type Script = Box<dyn Fn(Phase, &Talk) -> Answer + Send + Sync>;

pub(super) struct Shared {
    pub(super) options: Options,
    pub(super) acceptor: Option<tokio_rustls::TlsAcceptor>,
    pub(super) script: Script,
    pub(super) mails: Mutex<Vec<Received>>,
    pub(super) heard: Mutex<Vec<Heard>>,
    /// How often each recipient was named.
    pub(super) named: Mutex<HashMap<String, usize>>,
    connections: AtomicUsize,
    open: AtomicUsize,
    most_open: AtomicUsize,
}

/// A mail server on a free port of 127.0.0.1, until it is dropped.
pub struct Sink {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Sink {
    /// Does as recipients are called; without TLS and login. See [`by_recipient`].
    pub async fn start() -> Self {
        Self::start_with(Options::default(), by_recipient).await
    }

    /// Takes everything from everybody who comes with the right login.
    pub async fn open(options: Options) -> Self {
        Self::start_with(options, |_, _| Answer::Ok).await
    }

    pub async fn start_with(options: Options, script: impl Fn(Phase, &Talk) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a free port");
        let shared = Arc::new(Shared {
            acceptor: options.certificates.as_ref().map(Certificates::acceptor),
            options,
            script: Box::new(script),
            mails: Mutex::default(),
            heard: Mutex::default(),
            named: Mutex::default(),
            connections: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared)));
        Self { address, shared, task }
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// What it has taken so far, in the order of arrival.
    #[must_use]
    pub fn mails(&self) -> Vec<Received> {
        locked(&self.shared.mails).clone()
    }

    /// How many it has taken.
    #[must_use]
    pub fn count(&self) -> usize {
        locked(&self.shared.mails).len()
    }

    /// All lines it was told.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        locked(&self.shared.heard).clone()
    }

    /// How many connections there have been.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many were open at the same time, at most.
    #[must_use]
    pub fn most_open(&self) -> usize {
        self.shared.most_open.load(Ordering::SeqCst)
    }

    /// How many are open now.
    #[must_use]
    pub fn open_now(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    /// How many mails came on each connection that brought any.
    #[must_use]
    pub fn mails_by_connection(&self) -> HashMap<usize, usize> {
        let mut counted = HashMap::new();
        for mail in locked(&self.shared.mails).iter() {
            *counted.entry(mail.connection).or_default() += 1;
        }
        counted
    }

    /// Forgets the mails and lines so far.
    pub fn clear(&self) {
        locked(&self.shared.mails).clear();
        locked(&self.shared.heard).clear();
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    // Ends with the task, so that a dropped server ends its connections.
    let mut sessions = tokio::task::JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let shared = Arc::clone(&shared);
        let connection = shared.connections.fetch_add(1, Ordering::SeqCst) + 1;
        let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
        shared.most_open.fetch_max(open, Ordering::SeqCst);
        sessions.spawn(async move {
            let _closed = Open(Arc::clone(&shared));
            hold(stream, connection, &shared).await;
        });
        while sessions.try_join_next().is_some() {}
    }
}

/// Counts a connection out, however it ends.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}

/// That a client goes away in the middle is its own affair.
async fn hold(stream: TcpStream, connection: usize, shared: &Shared) {
    let _unharmed = stream.set_nodelay(true);
    let mut talk = Talk { connection, ..Talk::default() };
    match &shared.acceptor {
        Some(acceptor) if shared.options.is_implicit_tls => {
            talk.is_tls = true;
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ended = session::hold(stream, &mut talk, shared, true).await;
            }
        }
        acceptor => {
            let Ok(session::End::StartTls(stream)) = session::hold(stream, &mut talk, shared, true).await else {
                return;
            };
            let Some(acceptor) = acceptor else { return };
            talk = Talk { connection, is_tls: true, ..Talk::default() };
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ended = session::hold(stream, &mut talk, shared, false).await;
            }
        }
    }
}

pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
