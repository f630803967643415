//! The smaller groups of settings: Google, OAuth, tokens, mail, logs.

use std::{path::PathBuf, time::Duration};

use jsonwebtoken::Algorithm;
use secrecy::SecretString;

use super::{reader::Reader, settings::Environment};

/// GOOGLE_ANALYTICS_*: the operator's own GA4 access; serves only what the operator bound to a tenant.
#[derive(Debug, Clone)]
pub struct GoogleSettings {
    pub property_id: Option<String>,
    pub credentials_path: Option<PathBuf>,
    pub endpoints: GoogleEndpoints,
}

/// GOOGLE_TOKEN_URL, GOOGLE_BIGQUERY_URL, GOOGLE_ANALYTICS_DATA_URL: stand-ins of Google's addresses, for tests. `None` is
/// Google's own, and what a key file or a tenant says about addresses is never followed.
#[derive(Debug, Clone, Default)]
pub struct GoogleEndpoints {
    pub token: Option<String>,
    pub bigquery: Option<String>,
    pub analytics_data: Option<String>,
}

/// OAUTH_*: the provider people sign in with. Without a client id there is none, and DEV uses its own.
#[derive(Debug, Clone)]
pub struct OAuthSettings {
    pub client_id: Option<String>,
    pub client_secret: Option<SecretString>,
    /// An OpenID provider's issuer, which tells its endpoints and keys; those below are not used then.
    pub issuer: Option<String>,
    /// Where the provider sends people back to; the frontend's page unless configured otherwise.
    pub redirect_uri: String,
    pub auth_url: String,
    pub token_url: String,
    pub userinfo_url: String,
    /// Where a provider without OpenID tells a person's confirmed addresses, as GitHub does.
    pub emails_url: Option<String>,
    pub scopes: Vec<String>,
}

/// JWT_*, REFRESH_EXPIRATION_DAYS: how access tokens are signed and how long they and their sessions hold.
#[derive(Debug, Clone)]
pub struct JwtSettings {
    /// Of the algorithms with a shared secret (HS…); else empty.
    pub secret_key: SecretString,
    /// The former one while it is being changed: what it signed still holds.
    pub secret_key_previous: Option<SecretString>,
    /// The only algorithm a token may name.
    pub algorithm: Algorithm,
    pub expiration_hours: u32,
    pub refresh_expiration_days: u32,
}

/// RATE_LIMIT_*, TRUSTED_PROXIES: how often callers may ask one process; 0 = as often as they like.
#[derive(Debug, Clone)]
pub struct LimitSettings {
    pub tenant_per_second: u32,
    pub key_per_second: u32,
    /// At login, callback and refresh, by address and by account.
    pub sign_in_per_minute: u32,
    /// Of a tenant: each is a connection to wherever the tenant says, and a mail.
    pub mail_test_per_minute: u32,
    /// How many proxies of the operator's stand before a service.
    pub trusted_proxies: usize,
}

/// DEFAULT_SMTP_*, DEFAULT_FROM_EMAIL, DEFAULT_USE_TLS, DEFAULT_USE_SSL, DEFAULT_BOUNCE_ADDRESS, DKIM_*: the operator's mail
/// server. None in DEV means `.eml` files.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    pub server: Option<String>,
    pub port: u16,
    pub username: Option<String>,
    pub password: Option<SecretString>,
    pub from_email: Option<String>,
    /// STARTTLS, required.
    pub use_tls: bool,
    /// TLS from the first byte.
    pub use_ssl: bool,
    /// The envelope's sender; `None` = that of `from_email`.
    pub bounce_address: Option<String>,
    pub dkim: Option<DkimSettings>,
}

/// DKIM_DOMAIN, DKIM_SELECTOR, DKIM_KEY_PATH: all of them or none.
#[derive(Debug, Clone)]
pub struct DkimSettings {
    pub domain: String,
    pub selector: String,
    pub key_path: PathBuf,
}

/// SMTP_*, MAIL_*: how mails are delivered, whoever's server it is.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// Ports that a tenant's server may have.
    pub allowed_ports: Vec<u16>,
    /// Certificates (PEM) that mail servers are trusted by beside the public ones.
    pub ca_path: Option<PathBuf>,
    /// Of one process to one server at the same time.
    pub connections: usize,
    /// From one process to one server; 0 = as fast as it takes them.
    pub per_second: u32,
    /// The same for the addresses of one domain.
    pub per_domain_per_second: u32,
    /// How long a server may take for one reply.
    pub timeout: Duration,
    /// Where `.eml` files are written.
    pub dir: PathBuf,
}

/// LOG_DIR, LOG_KEEP_DAYS: where the JSON logs are and how many days of them are kept.
#[derive(Debug, Clone)]
pub struct LogSettings {
    pub dir: PathBuf,
    pub keep_days: usize,
}

pub(super) fn google(reader: &Reader) -> GoogleSettings {
    let property_id = reader.optional("GOOGLE_ANALYTICS_PROPERTY_ID");
    if property_id.as_ref().is_some_and(|id| !id.bytes().all(|byte| byte.is_ascii_digit())) {
        reader.fault(
            "GOOGLE_ANALYTICS_PROPERTY_ID",
            "is the property's number, digits only (not the G-… measurement id)",
        );
    }
    let url = |name| reader.optional(name).map(|address| reader.base_url(name, address));
    GoogleSettings {
        property_id,
        credentials_path: reader.optional("GOOGLE_ANALYTICS_CREDENTIALS_PATH").map(PathBuf::from),
        endpoints: GoogleEndpoints {
            token: url("GOOGLE_TOKEN_URL"),
            bigquery: url("GOOGLE_BIGQUERY_URL"),
            analytics_data: url("GOOGLE_ANALYTICS_DATA_URL"),
        },
    }
}

pub(super) fn oauth(reader: &Reader, environment: Environment) -> OAuthSettings {
    let client_id = reader.optional("OAUTH_CLIENT_ID");
    let client_secret = reader.optional("OAUTH_CLIENT_SECRET").map(SecretString::from);
    if environment == Environment::Prod && client_id.is_none() {
        reader.fault("OAUTH_CLIENT_ID", "is missing: PROD has no development provider to sign in with");
    }
    if client_secret.is_none() && (client_id.is_some() || environment == Environment::Prod) {
        reader.fault("OAUTH_CLIENT_SECRET", "is missing: the provider issued it with OAUTH_CLIENT_ID");
    }
    let scopes = reader.text("OAUTH_SCOPES");
    let scopes: Vec<String> = scopes.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    if reader.optional("OAUTH_ISSUER").is_some() && !scopes.iter().any(|scope| scope == "openid") {
        reader.fault(
            "OAUTH_SCOPES",
            "does not name `openid`, without which the provider of OAUTH_ISSUER sends no id token",
        );
    }
    let url = |name| reader.url(name, reader.text(name));
    let optional_url = |name| reader.optional(name).map(|address| reader.url(name, address));
    OAuthSettings {
        client_id,
        client_secret,
        // To the letter: a provider's tokens name it so, with or without a slash at the end.
        issuer: optional_url("OAUTH_ISSUER"),
        redirect_uri: url("OAUTH_REDIRECT_URI"),
        auth_url: url("OAUTH_AUTH_URL"),
        token_url: url("OAUTH_TOKEN_URL"),
        userinfo_url: url("OAUTH_USERINFO_URL"),
        emails_url: optional_url("OAUTH_EMAILS_URL"),
        scopes,
    }
}

pub(super) fn jwt(reader: &Reader) -> JwtSettings {
    let named = reader.text("JWT_ALGORITHM");
    let algorithm = match named.as_str() {
        "HS256" => Algorithm::HS256,
        "HS384" => Algorithm::HS384,
        "HS512" => Algorithm::HS512,
        "RS256" => Algorithm::RS256,
        "ES256" => Algorithm::ES256,
        "EdDSA" => Algorithm::EdDSA,
        _ => {
            reader.fault("JWT_ALGORITHM", format!("`{named}` is not one of HS256, HS384, HS512, RS256, ES256, EdDSA"));
            Algorithm::HS256
        }
    };
    let secret_key = if matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512) {
        reader.secret("JWT_SECRET_KEY", "at least 32 random characters, as `openssl rand -hex 32` prints")
    } else {
        SecretString::from(reader.optional("JWT_SECRET_KEY").unwrap_or_default())
    };
    JwtSettings {
        secret_key,
        secret_key_previous: reader.optional("JWT_SECRET_KEY_PREVIOUS").map(SecretString::from),
        algorithm,
        expiration_hours: reader
            .parsed("JWT_EXPIRATION_HOURS", "a number of hours from 1 to 8760", |hours| (1..=8760).contains(hours))
            .unwrap_or(24),
        refresh_expiration_days: reader
            .parsed("REFRESH_EXPIRATION_DAYS", "a number of days from 1 to 3650", |days| (1..=3650).contains(days))
            .unwrap_or(30),
    }
}

pub(super) fn limits(reader: &Reader) -> LimitSettings {
    let many = |name, usual| {
        reader.parsed(name, "a number from 0 (no limit) to 1000000", |n| *n <= 1_000_000).unwrap_or(usual)
    };
    LimitSettings {
        tenant_per_second: many("RATE_LIMIT_TENANT_PER_SECOND", 500),
        key_per_second: many("RATE_LIMIT_KEY_PER_SECOND", 500),
        sign_in_per_minute: many("RATE_LIMIT_SIGN_IN_PER_MINUTE", 30),
        mail_test_per_minute: many("RATE_LIMIT_MAIL_TEST_PER_MINUTE", 10),
        trusted_proxies: reader
            .parsed("TRUSTED_PROXIES", "a number of proxies from 0 to 10", |n| (0..=10).contains(n))
            .unwrap_or(0),
    }
}

pub(super) fn smtp(reader: &Reader) -> SmtpSettings {
    // `Name <address>` is fine; whether the mailbox exists, only sending tells.
    let address = |name| {
        let address = reader.optional(name);
        if address.as_ref().is_some_and(|address| !address.contains('@')) {
            reader.fault(name, "is not an e-mail address");
        }
        address
    };
    let (server, from_email) = (reader.optional("DEFAULT_SMTP_SERVER"), address("DEFAULT_FROM_EMAIL"));
    if server.is_some() && from_email.is_none() {
        reader.fault("DEFAULT_FROM_EMAIL", "is missing: mails sent through DEFAULT_SMTP_SERVER need a sender");
    }
    let (use_tls, use_ssl) = (reader.flag("DEFAULT_USE_TLS"), reader.flag("DEFAULT_USE_SSL"));
    SmtpSettings {
        server,
        port: reader.parsed("DEFAULT_SMTP_PORT", "a port from 1 to 65535", |port: &u16| *port > 0).unwrap_or(587),
        username: reader.optional("DEFAULT_SMTP_USERNAME"),
        password: reader.optional("DEFAULT_SMTP_PASSWORD").map(SecretString::from),
        from_email,
        // The one that is on unless it is turned off gives way.
        use_tls: use_tls && !use_ssl,
        use_ssl,
        bounce_address: address("DEFAULT_BOUNCE_ADDRESS"),
        dkim: dkim(reader),
    }
}

fn dkim(reader: &Reader) -> Option<DkimSettings> {
    const NAMES: [&str; 3] = ["DKIM_DOMAIN", "DKIM_SELECTOR", "DKIM_KEY_PATH"];
    let [domain, selector, key_path] = NAMES.map(|name| reader.optional(name));
    if domain.is_none() && selector.is_none() && key_path.is_none() {
        return None;
    }
    for (name, value) in NAMES.into_iter().zip([&domain, &selector, &key_path]) {
        if value.is_none() {
            reader.fault(name, "is missing: DKIM needs DKIM_DOMAIN, DKIM_SELECTOR and DKIM_KEY_PATH");
        }
    }
    Some(DkimSettings { domain: domain?, selector: selector?, key_path: PathBuf::from(key_path?) })
}

pub(super) fn mail(reader: &Reader) -> MailSettings {
    let text = reader.text("SMTP_ALLOWED_PORTS");
    let mut allowed_ports = Vec::new();
    for port in text.split([',', ' ']).filter(|port| !port.is_empty()) {
        match port.parse::<u16>() {
            Ok(port) if port > 0 => allowed_ports.push(port),
            _ => reader.fault("SMTP_ALLOWED_PORTS", format!("`{port}` is not a port from 1 to 65535")),
        }
    }
    let rate = |name, usual| {
        reader.parsed(name, "a number of mails a second from 0 (no limit) to 10000", |n| *n <= 10_000).unwrap_or(usual)
    };
    let seconds = reader.parsed("MAIL_TIMEOUT_SECONDS", "a number of seconds from 1 to 600", |s| (1..=600).contains(s));
    MailSettings {
        allowed_ports,
        ca_path: reader.optional("SMTP_CA_PATH").map(PathBuf::from),
        connections: reader
            .parsed("MAIL_CONNECTIONS", "a number of connections from 1 to 100", |n| (1..=100).contains(n))
            .unwrap_or(4),
        per_second: rate("MAIL_PER_SECOND", 20),
        per_domain_per_second: rate("MAIL_PER_DOMAIN_PER_SECOND", 10),
        timeout: Duration::from_secs(seconds.unwrap_or(60)),
        dir: PathBuf::from(reader.text("MAIL_DIR")),
    }
}

pub(super) fn logs(reader: &Reader) -> LogSettings {
    LogSettings {
        dir: PathBuf::from(reader.text("LOG_DIR")),
        keep_days: reader
            .parsed("LOG_KEEP_DAYS", "a number of days from 1 to 3650", |days| (1..=3650).contains(days))
            .unwrap_or(14),
    }
}
