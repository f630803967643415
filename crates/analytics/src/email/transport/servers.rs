//! The mail servers of this process: connections that are used again, and how fast each may be.

use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    ops::{Deref, DerefMut},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use common::config::{MailSettings, Settings};
use secrecy::ExposeSecret;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use uuid::Uuid;

use super::{
    connection::{Connection, OpenError},
    pace::Pace,
};
use crate::email::outlet::{MailServer, Owner, Security};

/// An idle connection is asked whether it is still there when nothing was said on it for so long.
const DOUBTFUL_AFTER: Duration = Duration::from_secs(20);
/// An idle connection is closed.
const IDLE_FOR: Duration = Duration::from_secs(60);
/// A connection is closed after so many mails: servers end longer ones by themselves.
const MAILS: u32 = 100;
/// The first pause of a server that asks for one without saying how long, and the longest.
const PAUSE: Duration = Duration::from_secs(30);
const LONGEST_PAUSE: Duration = Duration::from_hours(1);
/// A server that nobody has asked for, and that has not asked for a longer pause, is forgotten with its connections.
const FORGOTTEN_AFTER: Duration = Duration::from_hours(2);
/// Mails that are remembered as those with which a pause was asked for.
const MOST_REMEMBERED: usize = 10_000;

/// What makes servers one server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    owner: Owner,
    host: String,
    port: u16,
    security: Security,
    username: Option<String>,
    /// Of the password: a changed one is not tried on connections of the old one.
    password: u64,
}

/// All servers of this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Servers {
    settings: Arc<MailSettings>,
    allow_private: bool,
    known: Arc<Mutex<HashMap<Key, Arc<Server>>>>,
    /// Makes the hashes of passwords differ from process to process.
    seed: u64,
}

impl Servers {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self::with(settings.mail.clone(), settings.allow_private_addresses)
    }

    /// `allow_private`: tenants' servers may be in private networks.
    pub(super) fn with(mail: MailSettings, allow_private: bool) -> Self {
        Self { settings: Arc::new(mail), allow_private, known: Arc::default(), seed: rand::random() }
    }

    /// The one with these settings: same owner, host, port, security and login are one server.
    pub(crate) fn of(&self, server: &MailServer) -> Arc<Server> {
        let key = self.key(server);
        let mut known = locked(&self.known);
        let found = known.entry(key).or_insert_with(|| {
            Arc::new(Server {
                server: server.clone(),
                settings: Arc::clone(&self.settings),
                allow_private: self.allow_private,
                permits: Arc::new(Semaphore::new(self.settings.connections)),
                idle: Mutex::default(),
                pace: Pace::new(&self.settings),
                pause: Mutex::new(Pause { until: None, next: PAUSE }),
                taken: AtomicU64::new(0),
                told_off: Mutex::default(),
                asked: Mutex::new(Instant::now()),
            })
        });
        *locked(&found.asked) = Instant::now();
        Arc::clone(found)
    }

    /// Ends connections that nobody uses; called now and then, and at the end.
    pub(crate) async fn close_idle(&self) {
        let servers: Vec<_> = locked(&self.known).values().map(Arc::clone).collect();
        for server in servers {
            server.pace.forget_idle();
            for connection in server.take_idle(IDLE_FOR) {
                connection.quit().await;
            }
        }
        locked(&self.known)
            .retain(|_, server| locked(&server.asked).elapsed() < FORGOTTEN_AFTER || server.paused_until().is_some());
    }

    /// Ends all connections that are not in use.
    pub(crate) async fn close_all(&self) {
        let servers: Vec<_> = locked(&self.known).values().map(Arc::clone).collect();
        let connections = servers.iter().flat_map(|server| server.take_idle(Duration::ZERO));
        futures::future::join_all(connections.map(Connection::quit)).await;
    }

    fn key(&self, server: &MailServer) -> Key {
        let MailServer { owner, host, port, security, login, .. } = server;
        let mut hasher = DefaultHasher::new();
        self.seed.hash(&mut hasher);
        if let Some(login) = login {
            login.password.expose_secret().hash(&mut hasher);
        }
        Key {
            owner: *owner,
            host: host.to_lowercase(),
            port: *port,
            security: *security,
            username: login.as_ref().map(|login| login.username.clone()),
            password: hasher.finish(),
        }
    }
}

/// One server.
pub(crate) struct Server {
    server: MailServer,
    settings: Arc<MailSettings>,
    allow_private: bool,
    permits: Arc<Semaphore>,
    /// Connections that wait for the next mail, the one used last at the end.
    idle: Mutex<Vec<Connection>>,
    pace: Pace,
    pause: Mutex<Pause>,
    /// Mails that it took.
    taken: AtomicU64,
    /// Mails with which it asked for a pause, and how many it had taken by then.
    told_off: Mutex<HashMap<Uuid, u64>>,
    asked: Mutex<Instant>,
}

/// A server that wants less.
struct Pause {
    until: Option<Instant>,
    /// How long the next one is where the server does not say.
    next: Duration,
}

impl Server {
    /// Waits for one of the connections that may be open at the same time; one that is open is used again.
    ///
    /// # Errors
    /// None could be opened.
    pub(crate) async fn connection(self: &Arc<Self>) -> Result<Lease, OpenError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok();
        while let Some(mut connection) = self.pop_idle() {
            if connection.used().elapsed() < DOUBTFUL_AFTER || connection.reset().await {
                return Ok(self.lease(connection, permit));
            }
        }
        let connection = Connection::open(&self.server, &self.settings, self.allow_private).await?;
        Ok(self.lease(connection, permit))
    }

    /// Waits until one more mail may be sent to an address of this domain.
    pub(crate) async fn turn(&self, domain: &str) {
        self.pace.turn(domain).await;
    }

    /// Until when nothing is to be sent there; none = now is fine.
    pub(crate) fn paused_until(&self) -> Option<Instant> {
        locked(&self.pause).until.filter(|until| *until > Instant::now())
    }

    /// It wants less: nothing for as long as it said, or for a time that doubles each time until it takes a mail again.
    pub(crate) fn slow_down(&self, wanted: Option<Duration>) {
        let now = Instant::now();
        let mut pause = locked(&self.pause);
        let was_paused = pause.until.is_some_and(|until| until > now);
        let long = wanted.unwrap_or(pause.next);
        // Connections that were busy when the pause began are refused as well: that is still the same pause.
        if wanted.is_none() && !was_paused {
            pause.next = pause.next.saturating_mul(2).min(LONGEST_PAUSE);
        }
        let until = if was_paused && wanted.is_none() { pause.until } else { Some(now + long) };
        pause.until = pause.until.max(until);
    }

    /// It took this mail: the next pause is a short one again.
    pub(crate) fn took(&self, mail: Uuid) {
        self.taken.fetch_add(1, Ordering::Relaxed);
        locked(&self.told_off).remove(&mail);
        locked(&self.pause).next = PAUSE;
    }

    /// It asked for a pause with this mail in hand. Whether that is about the mail alone: it did so with it before, and took
    /// others in between.
    pub(crate) fn is_about(&self, mail: Uuid) -> bool {
        let taken = self.taken.load(Ordering::Relaxed);
        let mut told_off = locked(&self.told_off);
        if told_off.len() >= MOST_REMEMBERED {
            told_off.clear();
        }
        told_off.insert(mail, taken).is_some_and(|before| before < taken)
    }

    /// Whether it asked for a pause with this mail in hand, and has not taken it since.
    pub(crate) fn told_off(&self, mail: Uuid) -> bool {
        locked(&self.told_off).contains_key(&mail)
    }

    fn lease(self: &Arc<Self>, connection: Connection, permit: Option<OwnedSemaphorePermit>) -> Lease {
        Lease { connection, server: Arc::clone(self), _permit: permit }
    }

    /// As if nothing had been said on the idle connections for longer.
    #[cfg(test)]
    pub(super) fn age_idle(&self, long: Duration) {
        for connection in locked(&self.idle).iter_mut() {
            connection.age(long);
        }
    }

    fn pop_idle(&self) -> Option<Connection> {
        locked(&self.idle).pop()
    }

    /// Takes those out that nothing was said on for so long.
    fn take_idle(&self, long: Duration) -> Vec<Connection> {
        let mut idle = locked(&self.idle);
        idle.extract_if(.., |connection| connection.used().elapsed() >= long).collect()
    }
}

/// A connection in use. Dropped, it is closed; given back, it is used again.
pub(crate) struct Lease {
    pub(crate) connection: Connection,
    server: Arc<Server>,
    /// Lets the next one in when this one is gone.
    _permit: Option<OwnedSemaphorePermit>,
}

impl Lease {
    /// For the next mail.
    pub(crate) fn give_back(self) {
        let Self { connection, server, _permit } = self;
        if !connection.is_usable() {
            return;
        }
        if connection.mails() < MAILS {
            locked(&server.idle).push(connection);
        } else {
            // The next one need not wait for the goodbye.
            tokio::spawn(connection.quit());
        }
    }
}

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
