//! Where a tenant's mails go: through a server, or into files.

use std::{fmt, path::PathBuf, sync::Arc};

use lettre::{
    Address,
    message::{
        Mailbox,
        dkim::{DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningKey},
        header::HeaderName,
    },
};
use secrecy::SecretString;

/// Where mails go.
#[derive(Debug, Clone)]
pub(crate) enum Outlet {
    Server(MailServer),
    /// DEV without a server: `.eml` files in this folder.
    Files {
        dir: PathBuf,
        from: Mailbox,
    },
}

/// Whose server it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    Tenant,
    /// DEFAULT_SMTP_*; may be in a private network.
    Operator,
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Security {
    /// Nothing; only where neither `use_tls` nor `use_ssl` is set.
    Plain,
    /// STARTTLS before anything is said; without it nothing is sent.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

/// A mail server with what it takes to send through it.
#[derive(Debug, Clone)]
pub(crate) struct MailServer {
    pub(crate) owner: Owner,
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) security: Security,
    pub(crate) login: Option<Login>,
    pub(crate) from: Mailbox,
    /// The envelope's sender: where notices of what could not be delivered go.
    pub(crate) return_path: Address,
    pub(crate) dkim: Option<DkimKey>,
}

#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) username: String,
    pub(crate) password: SecretString,
}

/// What mails are signed with. `Debug` shows no key.
#[derive(Clone)]
pub(crate) struct DkimKey {
    pub(crate) domain: String,
    pub(crate) selector: String,
    /// The key with what of a mail it signs; lettre's keys cannot be cloned.
    pub(crate) config: Arc<DkimConfig>,
}

/// What the signature covers. Those that are named twice can stand in the mail no second time either: nobody on the way can
/// put another sender or subject above ours.
const SIGNED: [&str; 14] = [
    "From", "From", "To", "To", "Subject", "Subject", "Date", "Date", "Message-ID", "List-Unsubscribe",
    "List-Unsubscribe-Post", "MIME-Version", "Content-Type", "Content-Type",
];

impl DkimKey {
    /// Signs for `domain`, whose DNS has the public half at `selector._domainkey`.
    pub(crate) fn new(domain: String, selector: String, key: DkimSigningKey) -> Self {
        let headers = SIGNED.map(HeaderName::new_from_ascii_str).to_vec();
        let canonicalization =
            DkimCanonicalization { header: DkimCanonicalizationType::Relaxed, body: DkimCanonicalizationType::Relaxed };
        let config = DkimConfig::new(selector.clone(), domain.clone(), key, headers, canonicalization);
        Self { domain, selector, config: Arc::new(config) }
    }
}

impl fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { domain, selector, config: _ } = self;
        f.debug_struct("DkimKey").field("domain", domain).field("selector", selector).finish_non_exhaustive()
    }
}

/// Why a tenant cannot send. The texts are for the person who asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutletError {
    #[error(
        "No mail server is configured: set one with PUT /analytics/email/config, or DEFAULT_SMTP_SERVER as the operator."
    )]
    Unconfigured,
    /// What is stored cannot be used, such as a password sealed with another key.
    #[error("{0}")]
    Unusable(String),
    #[error(transparent)]
    Database(#[from] sqlx::Error),
}
