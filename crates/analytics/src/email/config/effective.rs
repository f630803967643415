//! Which server a tenant's mails go through now: its own, else the operator's as a whole, else files in DEV.

use common::{
    config::{DkimSettings, Environment, Settings, SmtpSettings},
    ids::TenantId,
    secrets::Sealer,
};
use lettre::message::Mailbox;
use secrecy::SecretString;
use sqlx::PgConnection;

use super::{
    dkim_key,
    stored::{self, StoredConfig, StoredDkim},
};
use crate::email::{
    address::{address, mailbox},
    outlet::{DkimKey, Login, MailServer, Outlet, OutletError, Owner, Security},
};

/// The sender of mails that are written into files, where the operator named none.
const NOBODY: &str = "Branch reports <reports@localhost>";

/// The outlet of the tenant, in its transaction.
///
/// # Errors
/// There is none, it cannot be used, or the database is away.
pub(crate) async fn outlet(
    conn: &mut PgConnection,
    tenant: TenantId,
    settings: &Settings,
    sealer: &Sealer,
) -> Result<Outlet, OutletError> {
    match stored::load(conn, tenant).await? {
        Some(stored) => of_tenant(&stored, tenant, sealer).map(Outlet::Server).map_err(OutletError::Unusable),
        None => fallback(settings).await,
    }
}

/// Where mails go for tenants that set nothing.
///
/// # Errors
/// There is nothing, or it cannot be used.
pub(super) async fn fallback(settings: &Settings) -> Result<Outlet, OutletError> {
    let Settings { smtp, environment, mail, .. } = settings;
    match (WholeDefault::of(smtp), environment) {
        (Some(default), _) => default.server(smtp).await.map(Outlet::Server).map_err(unusable_default),
        (None, Environment::Dev) => {
            let from = mailbox(smtp.from_email.as_deref().unwrap_or(NOBODY));
            let from = from.map_err(|fault| unusable_default(format!("DEFAULT_FROM_EMAIL {fault}")))?;
            Ok(Outlet::Files { dir: mail.dir.clone(), from })
        }
        (None, Environment::Prod) => Err(OutletError::Unconfigured),
    }
}

/// The tenant's own server, its secrets opened.
///
/// # Errors
/// What is stored cannot be used, in words for people.
pub(super) fn of_tenant(stored: &StoredConfig, tenant: TenantId, sealer: &Sealer) -> Result<MailServer, String> {
    let password = stored
        .password(sealer, tenant)
        .map_err(|error| format!("The password of the mail server cannot be opened: {error}."))?;
    let StoredConfig { server, port, username, use_tls, use_ssl, from_address, bounce_address, dkim, .. } = stored;
    let from = mailbox(from_address).map_err(|fault| format!("The stored from_address {fault}."))?;
    let return_path = match bounce_address {
        Some(text) => address(text).map_err(|fault| format!("The stored bounce_address {fault}."))?,
        None => from.email.clone(),
    };
    Ok(MailServer {
        owner: Owner::Tenant,
        host: server.clone(),
        port: *port,
        security: security(*use_tls, *use_ssl),
        login: login(username.as_deref(), password.as_ref()).map_err(|fault| format!("The mail server {fault}."))?,
        from,
        return_path,
        dkim: dkim.as_ref().map(|dkim| signing(dkim, tenant, sealer)).transpose()?,
    })
}

fn signing(dkim: &StoredDkim, tenant: TenantId, sealer: &Sealer) -> Result<DkimKey, String> {
    let key = dkim
        .key(sealer, tenant)
        .map_err(|error| format!("The key that mails are signed with cannot be opened: {error}."))?;
    let key = dkim_key::read(&key).map_err(|fault| format!("The key that mails are signed with {fault}."))?;
    let StoredDkim { domain, selector, .. } = dkim;
    Ok(DkimKey::new(domain.clone(), selector.clone(), key))
}

/// The two settings without which there is no default at all.
struct WholeDefault<'a> {
    server: &'a str,
    from: &'a str,
}

impl<'a> WholeDefault<'a> {
    fn of(smtp: &'a SmtpSettings) -> Option<Self> {
        Some(Self { server: smtp.server.as_deref()?, from: smtp.from_email.as_deref()? })
    }

    /// Errors name settings: they are for the operator.
    async fn server(self, smtp: &SmtpSettings) -> Result<MailServer, String> {
        let SmtpSettings { port, username, password, use_tls, use_ssl, bounce_address, dkim, .. } = smtp;
        let from = mailbox(self.from).map_err(|fault| format!("DEFAULT_FROM_EMAIL {fault}"))?;
        let return_path = match bounce_address {
            Some(text) => mailbox(text).map_err(|fault| format!("DEFAULT_BOUNCE_ADDRESS {fault}"))?.email,
            None => from.email.clone(),
        };
        let login = login(username.as_deref(), password.as_ref())
            .map_err(|fault| format!("DEFAULT_SMTP_SERVER {fault} (DEFAULT_SMTP_USERNAME, DEFAULT_SMTP_PASSWORD)"))?;
        let dkim = match dkim {
            Some(dkim) => Some(operators_key(dkim).await?),
            None => None,
        };
        Ok(MailServer {
            owner: Owner::Operator,
            host: self.server.to_owned(),
            port: *port,
            security: security(*use_tls, *use_ssl),
            login,
            from,
            return_path,
            dkim,
        })
    }
}

async fn operators_key(settings: &DkimSettings) -> Result<DkimKey, String> {
    let DkimSettings { domain, selector, key_path } = settings;
    let text = tokio::fs::read_to_string(key_path)
        .await
        .map(SecretString::from)
        .map_err(|error| format!("DKIM_KEY_PATH {} cannot be read: {error}", key_path.display()))?;
    let key = dkim_key::normal(&text)
        .and_then(|normal| dkim_key::read(&normal))
        .map_err(|fault| format!("DKIM_KEY_PATH {} {fault}", key_path.display()))?;
    Ok(DkimKey::new(domain.clone(), selector.clone(), key))
}

/// The log gets what tenants are not told: which setting of the operator's is wrong.
fn unusable_default(fault: String) -> OutletError {
    tracing::error!(fault, "the default mail server cannot be used");
    OutletError::Unusable(String::from(
        "The operator's mail server cannot be used as it is set up; its log says why. A server of your own can be set with \
         PUT /analytics/email/config.",
    ))
}

const fn security(use_tls: bool, use_ssl: bool) -> Security {
    match (use_ssl, use_tls) {
        (true, _) => Security::Tls,
        (false, true) => Security::StartTls,
        (false, false) => Security::Plain,
    }
}

fn login(username: Option<&str>, password: Option<&SecretString>) -> Result<Option<Login>, String> {
    match (username, password) {
        (Some(username), Some(password)) => {
            Ok(Some(Login { username: username.to_owned(), password: password.clone() }))
        }
        (None, None) => Ok(None),
        (Some(_), None) => Err(String::from("has a username and no password")),
        (None, Some(_)) => Err(String::from("has a password and no username")),
    }
}

/// The sender that mails have where the tenant set nothing.
pub(super) fn sender(outlet: &Outlet) -> &Mailbox {
    match outlet {
        Outlet::Server(server) => &server.from,
        Outlet::Files { from, .. } => from,
    }
}
