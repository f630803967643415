//! Holds a change of the mail server against what is stored: every fault at once, or the server as it is to be.

use common::{
    http::{FieldError, Given},
    ids::TenantId,
    secrets::Sealer,
};
use secrecy::{ExposeSecret, SecretString};

use super::{
    body::{DkimBody, EmailConfigBody},
    dkim_key,
    host::{host, selector},
    stored::{DKIM_KEY, PASSWORD, StoredConfig, StoredDkim},
};
use crate::email::address::{address, is_unprintable, mailbox};

const USUAL_PORT: u16 = 587;
const LONGEST_USERNAME: usize = 320;
const LONGEST_PASSWORD: usize = 1000;
const MISSING: &str = "is missing";

/// What a change is held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Against<'a> {
    pub(super) tenant: TenantId,
    pub(super) stored: Option<&'a StoredConfig>,
    /// Of a tenant's server.
    pub(super) allowed_ports: &'a [u16],
    pub(super) sealer: &'a Sealer,
}

/// The server with the change applied and its secrets sealed. `faults` are those that are known already.
///
/// # Errors
/// Every field that is wrong.
pub(super) fn checked(
    body: EmailConfigBody,
    against: Against<'_>,
    mut faults: Vec<FieldError>,
) -> Result<StoredConfig, Vec<FieldError>> {
    let EmailConfigBody { server, port, from_address, username, password, use_tls, use_ssl, bounce_address, dkim } =
        body;
    let Against { tenant, stored, allowed_ports, sealer } = against;
    let mut taken = Taken(&mut faults);

    let server = match server {
        Some(server) => taken.of("server", host(&server)),
        None => stored.map(|stored| stored.server.clone()).or_else(|| taken.of("server", Err(MISSING.into()))),
    };
    let port = port.or(stored.map(|stored| stored.port)).unwrap_or(USUAL_PORT);
    taken.of("port", allowed(port, allowed_ports));
    let from_address = match from_address {
        Some(from) => taken.of("from_address", mailbox(&from).map(|mailbox| mailbox.to_string())),
        None => stored
            .map(|stored| stored.from_address.clone())
            .or_else(|| taken.of("from_address", Err(format!("{MISSING}: it is the sender of all mails")))),
    };
    let bounce_address = match emptied(bounce_address) {
        Given::New(text) => taken.of("bounce_address", address(&text)).map(|address| address.to_string()),
        other => other.over(stored.and_then(|stored| stored.bounce_address.clone())),
    };
    let use_ssl = use_ssl.or(stored.map(|stored| stored.use_ssl)).unwrap_or(false);
    let use_tls = use_tls.or(stored.map(|stored| stored.use_tls)).unwrap_or(!use_ssl);
    if use_tls && use_ssl {
        taken.fault("use_tls", "cannot be true together with use_ssl: STARTTLS begins without TLS, use_ssl with it");
    }
    let username = emptied(username);
    let goes_without_login = username == Given::Removed;
    let username = match username {
        Given::New(text) => taken.of("username", username_rule(&text)),
        other => other.over(stored.and_then(|stored| stored.username.clone())),
    };
    let password_sealed = match password {
        // A form for a server without a login: both fields of it are empty.
        Given::New(password) if password.expose_secret().is_empty() && username.is_none() => None,
        Given::New(password) => {
            taken.of("password", password_rule(&password).and_then(|()| sealed(sealer, tenant, PASSWORD, &password)))
        }
        Given::Removed => None,
        Given::Kept if goes_without_login => None,
        Given::Kept => {
            let kept = stored.filter(|stored| stored.password_sealed.is_some());
            let changed = kept.map(|stored| {
                [
                    ("server", server.as_ref().is_some_and(|server| *server != stored.server)),
                    ("port", port != stored.port),
                    ("username", username != stored.username),
                    ("use_tls", use_tls != stored.use_tls),
                    ("use_ssl", use_ssl != stored.use_ssl),
                ]
            });
            let changed = changed.into_iter().flatten().filter(|(_, is)| *is).map(|(name, _)| name);
            let changed: Vec<&str> = changed.collect();
            if !changed.is_empty() {
                // Else whoever may change the server could have the password sent to one of their own.
                let words = format!("is needed again, because of another {} (null removes it)", changed.join(", "));
                taken.fault("password", words);
            }
            kept.and_then(|stored| stored.password_sealed.clone())
        }
    };
    match (&username, &password_sealed) {
        (Some(_), None) if !taken.has("password") => {
            taken.fault("password", "is missing: a server that asks for a username asks for a password");
        }
        (None, Some(_)) if !taken.has("username") && !taken.has("password") => {
            taken.fault("username", "is missing: there is a password for it");
        }
        _ => {}
    }
    let dkim = match dkim {
        Given::New(body) => dkim_of(&mut taken, body, against),
        Given::Removed => None,
        Given::Kept => stored.and_then(|stored| stored.dkim.clone()),
    };
    match (server, from_address) {
        (Some(server), Some(from_address)) if faults.is_empty() => Ok(StoredConfig {
            server,
            port,
            from_address,
            bounce_address,
            username,
            password_sealed,
            use_tls,
            use_ssl,
            dkim,
        }),
        _ => Err(faults),
    }
}

/// Values as far as they are good, and the faults of the others.
struct Taken<'a>(&'a mut Vec<FieldError>);

impl Taken<'_> {
    fn of<T>(&mut self, field: &str, result: Result<T, String>) -> Option<T> {
        result.map_err(|message| self.fault(field, message)).ok()
    }

    fn fault(&mut self, field: &str, message: impl Into<String>) {
        self.0.push(FieldError::new(field, message));
    }

    fn has(&self, field: &str) -> bool {
        self.0.iter().any(|fault| fault.field == field)
    }
}

fn dkim_of(taken: &mut Taken<'_>, body: DkimBody, against: Against<'_>) -> Option<StoredDkim> {
    let DkimBody { domain, selector: named, private_key } = body;
    let Against { tenant, stored, sealer, .. } = against;
    let domain = taken.of("dkim.domain", host(&domain));
    let selector = taken.of("dkim.selector", selector(&named));
    let key_sealed = match private_key {
        Given::New(text) => taken.of(
            "dkim.private_key",
            dkim_key::normal(&text).and_then(|normal| sealed(sealer, tenant, DKIM_KEY, &normal)),
        ),
        Given::Kept => stored
            .and_then(|stored| stored.dkim.as_ref())
            .map(|dkim| dkim.key_sealed.clone())
            .or_else(|| taken.of("dkim.private_key", Err(MISSING.into()))),
        Given::Removed => {
            taken.of("dkim.private_key", Err(String::from("cannot go alone: `dkim: null` ends the signing of mails")))
        }
    };
    Some(StoredDkim { domain: domain?, selector: selector?, key_sealed: key_sealed? })
}

/// An emptied field of a form is one without a value.
fn emptied(given: Given<String>) -> Given<String> {
    match given {
        Given::New(text) if text.trim().is_empty() => Given::Removed,
        given => given,
    }
}

fn allowed(port: u16, ports: &[u16]) -> Result<(), String> {
    if ports.contains(&port) {
        return Ok(());
    }
    let ports: Vec<String> = ports.iter().map(ToString::to_string).collect();
    Err(format!("is none of the ports that the operator allows (SMTP_ALLOWED_PORTS): {}", ports.join(", ")))
}

fn username_rule(text: &str) -> Result<String, String> {
    let fits = (1..=LONGEST_USERNAME).contains(&text.chars().count()) && !text.chars().any(is_unprintable);
    if fits { Ok(text.to_owned()) } else { Err(format!("must have 1 to {LONGEST_USERNAME} printable characters")) }
}

fn password_rule(password: &SecretString) -> Result<(), String> {
    let text = password.expose_secret();
    if text.is_empty() {
        return Err(String::from("is empty: leave it out to keep the stored one, or send null to remove it"));
    }
    if text.chars().count() > LONGEST_PASSWORD || text.chars().any(char::is_control) {
        return Err(format!("must have 1 to {LONGEST_PASSWORD} characters, and no control characters among them"));
    }
    Ok(())
}

fn sealed(sealer: &Sealer, tenant: TenantId, purpose: &str, secret: &SecretString) -> Result<Vec<u8>, String> {
    sealer.seal(tenant, purpose, secret.expose_secret().as_bytes()).map_err(|error| error.to_string())
}
