//! Reads POSTGRES_* and DATABASE_*: where the database is, its two roles, and how many connections a service may hold.

use std::{fs, path::Path};

use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::PgConnectOptions;

use super::{reader::Reader, settings::Environment};

/// Written by the script that starts the private cluster of `make dev`.
const EMBEDDED_PORT_FILE: &str = ".local/pg.port";

/// The database and its two roles: the owner changes the schema, the services' role works in it.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    pub host: String,
    pub port: u16,
    pub owner_user: String,
    pub owner_password: SecretString,
    pub app_user: String,
    pub app_password: SecretString,
    pub database: String,
    /// Connections a service keeps.
    pub pool_size: u32,
    /// Connections it may open beyond that under load.
    pub max_overflow: u32,
}

impl DatabaseSettings {
    /// Connections one service opens at most.
    #[must_use]
    pub const fn max_connections(&self) -> u32 {
        self.pool_size + self.max_overflow
    }

    /// The database in words, for messages: what and where, and which variables say so.
    #[must_use]
    pub fn place(&self) -> String {
        let Self { database, host, port, .. } = self;
        format!("the database {database} at {host}:{port} (POSTGRES_DATABASE, POSTGRES_HOST, POSTGRES_PORT)")
    }

    /// How the schema's owner connects.
    #[must_use]
    pub fn owner_options(&self) -> PgConnectOptions {
        self.options(&self.owner_user, &self.owner_password)
    }

    /// How the services connect.
    #[must_use]
    pub fn app_options(&self) -> PgConnectOptions {
        self.options(&self.app_user, &self.app_password)
    }

    fn options(&self, user: &str, password: &SecretString) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass()
            .port(self.port)
            .username(user)
            .password(password.expose_secret())
            .database(&self.database);
        // A path is the folder of the server's socket, as for PostgreSQL's own programs.
        if self.host.starts_with('/') { options.socket(&self.host) } else { options.host(&self.host) }
    }
}

pub(super) fn read(reader: &Reader, environment: Environment) -> DatabaseSettings {
    let (host, port) = place(reader, environment);
    let settings = DatabaseSettings {
        host,
        port,
        owner_user: reader.text("POSTGRES_USER"),
        owner_password: reader.secret("POSTGRES_PASSWORD", "the password of the schema's owner"),
        app_user: reader.text("POSTGRES_APP_USER"),
        app_password: reader.secret("POSTGRES_APP_PASSWORD", "the password of the services' role"),
        database: reader.text("POSTGRES_DATABASE"),
        pool_size: reader
            .parsed("DATABASE_POOL_SIZE", "a number of connections from 1 to 1000", |size| (1..=1000).contains(size))
            .unwrap_or(10),
        max_overflow: reader
            .parsed("DATABASE_MAX_OVERFLOW", "a number of connections from 0 to 1000", |size| *size <= 1000)
            .unwrap_or(5),
    };
    if settings.owner_user == settings.app_user {
        // In DEV as well: the grants of the services' role would be given to the owner, and no wall would be tried.
        reader.fault("POSTGRES_APP_USER", "is the same role as POSTGRES_USER: the services must not own the schema");
    }
    settings
}

fn place(reader: &Reader, environment: Environment) -> (String, u16) {
    let port = reader.parsed("POSTGRES_PORT", "a port from 1 to 65535", |port: &u16| *port > 0).unwrap_or(5432);
    let Some(host) = reader.optional("POSTGRES_HOST") else {
        return (String::from("127.0.0.1"), embedded_port(reader, environment).unwrap_or(port));
    };
    (host, port)
}

fn embedded_port(reader: &Reader, environment: Environment) -> Option<u16> {
    if environment == Environment::Prod {
        reader.fault("POSTGRES_HOST", "is missing: PROD needs a database server of its own");
        return None;
    }
    let port = fs::read_to_string(Path::new(EMBEDDED_PORT_FILE)).ok().and_then(|text| text.trim().parse().ok());
    if port.is_none() {
        reader.fault(
            "POSTGRES_HOST",
            format!(
                "is empty, which means the private cluster of this folder, and that is not running \
                 (no port in {EMBEDDED_PORT_FILE}): run `make setup`, or name a server"
            ),
        );
    }
    port
}
