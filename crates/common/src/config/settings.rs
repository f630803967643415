//! The settings as the services use them, and the reading of all of them in one go.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr},
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;
use tracing_subscriber::EnvFilter;

use super::{
    database::{self, DatabaseSettings},
    dotenv,
    error::ConfigErrors,
    prod,
    reader::Reader,
    sections::{
        self, GoogleSettings, JwtSettings, LimitSettings, LogSettings, MailSettings, OAuthSettings, SmtpSettings,
    },
};

/// ENVIRONMENT: DEV on a developer's machine, PROD wherever others rely on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    Dev,
    Prod,
}

/// Everything a service needs to know before it starts. `Debug` shows no secret.
#[derive(Debug, Clone)]
pub struct Settings {
    pub environment: Environment,
    pub debug: bool,
    /// A filter as `tracing` reads it: `info`, or `info,sqlx=warn`.
    pub log_level: String,
    pub logs: LogSettings,
    pub database: DatabaseSettings,
    /// How long a worker may be silent before its jobs are taken up elsewhere.
    pub worker_dead_after: Duration,
    pub service_host: IpAddr,
    pub analytics_port: u16,
    pub data_port: u16,
    pub auth_port: u16,
    /// Origins a browser may call from, literally as it sends them.
    pub cors_origins: Vec<String>,
    /// Where the auth service is reached; the issuer of its tokens. No slash at its end, as the next two.
    pub base_url: String,
    pub frontend_url: String,
    pub analytics_public_url: String,
    pub google: GoogleSettings,
    pub oauth: OAuthSettings,
    pub jwt: JwtSettings,
    pub limits: LimitSettings,
    pub smtp: SmtpSettings,
    pub mail: MailSettings,
    /// Seals stored credentials.
    pub secrets_key: SecretString,
    /// Opens what was sealed before SECRETS_KEY was changed.
    pub secrets_key_previous: Option<SecretString>,
    pub allow_dev_login: bool,
    /// Whether servers that tenants name (SFTP, SMTP) may be in private networks.
    pub allow_private_addresses: bool,
    /// Holds a folder per tenant.
    pub data_root: PathBuf,
}

impl Settings {
    /// Reads the environment over `.env` of the working directory.
    ///
    /// # Errors
    /// Every fault at once, by variable.
    pub fn load() -> Result<Self, ConfigErrors> {
        Self::from_vars(&dotenv::layered(Path::new(".env"))?)
    }

    /// The same from given variables; those that are absent or empty take their defaults.
    ///
    /// # Errors
    /// Every fault at once, by variable.
    pub fn from_vars(vars: &BTreeMap<String, String>) -> Result<Self, ConfigErrors> {
        Self::read(vars).map(|(settings, _)| settings)
    }

    /// Whether the development provider may be offered: never in PROD, and in DEV only where strangers cannot reach it
    /// unless the operator says so.
    #[must_use]
    pub fn dev_login_allowed(&self) -> bool {
        self.environment == Environment::Dev && (self.service_host.is_loopback() || self.allow_dev_login)
    }

    pub(super) fn read(vars: &BTreeMap<String, String>) -> Result<(Self, BTreeSet<&'static str>), ConfigErrors> {
        let reader = Reader::new(vars)?;
        let environment = environment(&reader);
        let debug = reader.flag("DEBUG");
        let auth_port = port(&reader, "AUTH_SERVICE_PORT");
        let analytics_port = port(&reader, "ANALYTICS_SERVICE_PORT");
        let base_url = reader.optional("BASE_URL").unwrap_or_else(|| format!("http://localhost:{auth_port}"));
        let analytics_public_url =
            reader.optional("ANALYTICS_PUBLIC_URL").unwrap_or_else(|| format!("http://localhost:{analytics_port}"));
        let settings = Self {
            environment,
            debug,
            log_level: log_level(&reader, vars, debug),
            logs: sections::logs(&reader),
            database: database::read(&reader, environment),
            worker_dead_after: Duration::from_secs(
                reader
                    .parsed("WORKER_DEAD_AFTER_SECONDS", "a number of seconds from 1 to 600", |s| (1..=600).contains(s))
                    .unwrap_or(10),
            ),
            service_host: service_host(&reader),
            analytics_port,
            data_port: port(&reader, "DATA_SERVICE_PORT"),
            auth_port,
            cors_origins: cors_origins(&reader),
            base_url: reader.base_url("BASE_URL", base_url),
            frontend_url: reader.base_url("FRONTEND_URL", reader.text("FRONTEND_URL")),
            analytics_public_url: reader.base_url("ANALYTICS_PUBLIC_URL", analytics_public_url),
            google: sections::google(&reader),
            oauth: sections::oauth(&reader, environment),
            jwt: sections::jwt(&reader),
            limits: sections::limits(&reader),
            smtp: sections::smtp(&reader),
            mail: sections::mail(&reader),
            secrets_key: reader
                .secret("SECRETS_KEY", "at least 32 random characters, as `openssl rand -hex 32` prints"),
            secrets_key_previous: reader.optional("SECRETS_KEY_PREVIOUS").map(SecretString::from),
            allow_dev_login: reader.flag("ALLOW_DEV_LOGIN"),
            allow_private_addresses: reader.flag("ALLOW_PRIVATE_ADDRESSES"),
            data_root: PathBuf::from(reader.text("DATA_ROOT")),
        };
        distinct_ports(&reader, &settings);
        if environment == Environment::Prod {
            prod::check(&reader, &settings, vars);
        }
        let faults = reader.faults.into_inner();
        if faults.0.is_empty() { Ok((settings, reader.asked.into_inner())) } else { Err(faults) }
    }
}

fn environment(reader: &Reader) -> Environment {
    let named = reader.text("ENVIRONMENT");
    match named.to_ascii_uppercase().as_str() {
        "DEV" => Environment::Dev,
        "PROD" => Environment::Prod,
        _ => {
            reader.fault("ENVIRONMENT", format!("`{named}` is neither DEV nor PROD"));
            Environment::Dev
        }
    }
}

fn port(reader: &Reader, name: &'static str) -> u16 {
    reader.parsed(name, "a port from 1 to 65535", |port: &u16| *port > 0).unwrap_or_default()
}

fn distinct_ports(reader: &Reader, settings: &Settings) {
    let Settings { analytics_port, data_port, auth_port, .. } = settings;
    if *data_port != 0 && data_port == analytics_port {
        reader.fault("DATA_SERVICE_PORT", "is the same port as ANALYTICS_SERVICE_PORT");
    }
    if *auth_port != 0 && (auth_port == analytics_port || auth_port == data_port) {
        reader.fault("AUTH_SERVICE_PORT", "is the port of another service");
    }
}

/// Names of other worlds (`WARNING`, `CRITICAL`) are understood; DEBUG without a LOG_LEVEL means `debug`.
fn log_level(reader: &Reader, vars: &BTreeMap<String, String>, debug: bool) -> String {
    let named = reader.text("LOG_LEVEL");
    let is_default = vars.get("LOG_LEVEL").is_none_or(|level| level.trim().is_empty());
    let level = match named.to_ascii_lowercase().as_str() {
        _ if debug && is_default => String::from("debug"),
        "warning" => String::from("warn"),
        "critical" | "fatal" => String::from("error"),
        level => level.to_owned(),
    };
    // A lone word that is no level would be taken for a module's name and silence everything else.
    let lone_word = level.chars().all(char::is_alphanumeric);
    let known = ["trace", "debug", "info", "warn", "error", "off"].contains(&level.as_str());
    if (lone_word && !known) || EnvFilter::builder().parse(&level).is_err() {
        reader.fault(
            "LOG_LEVEL",
            format!("`{named}` is not one of TRACE, DEBUG, INFO, WARN, ERROR, OFF or a list like `info,sqlx=warn`"),
        );
    }
    level
}

fn service_host(reader: &Reader) -> IpAddr {
    let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
    if reader.optional("SERVICE_HOST").as_deref() == Some("localhost") {
        return loopback;
    }
    reader.parsed("SERVICE_HOST", "an IP address such as 127.0.0.1 or 0.0.0.0", |_| true).unwrap_or(loopback)
}

fn cors_origins(reader: &Reader) -> Vec<String> {
    let origins: Vec<String> = reader
        .text("CORS_ORIGINS")
        .split(',')
        .map(|origin| origin.trim().trim_end_matches('/').to_owned())
        .filter(|origin| !origin.is_empty())
        .collect();
    for origin in &origins {
        let literal = origin.parse::<::http::Uri>().is_ok_and(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                && uri.authority().is_some_and(|authority| !authority.as_str().contains(['*', '@']))
                && matches!(uri.path(), "" | "/")
                && uri.query().is_none()
        });
        if !literal {
            reader.fault(
                "CORS_ORIGINS",
                format!(
                    "`{origin}` is not a literal origin such as https://app.example.com (no `*`: credentials are sent)"
                ),
            );
        }
    }
    origins
}
