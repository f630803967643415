//! The command line: what an operator types, and what they are told.

#![expect(clippy::print_stdout, reason = "what an operator asked for is told on stdout")]

mod database;
mod demo;
mod import;
pub mod source;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use common::config::Settings;
use common::http;
use common::ids::TenantId;
use common::lifecycle;
use common::report::one_line;

use crate::{routes, serve};

/// Takes in GA4's events, users and branches. Without a command it serves the API (port DATA_SERVICE_PORT).
#[derive(Debug, Parser)]
#[command(name = "data-service", version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Set up, look at, rebuild or drop the database.
    Db {
        #[command(subcommand)]
        command: DbCommand,
    },
    /// Take export files (NDJSON, JSON array, Parquet; plain, gzip, zstd) or lists of users and locations (CSV) in, and wait.
    Import {
        /// The tenant whose data they are.
        #[arg(long)]
        tenant: TenantId,
        /// Add rows instead of replacing each day in the files.
        #[arg(long)]
        append: bool,
        /// One or more files.
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Make the demo tenant and its GA4 export up to yesterday, and take it in.
    Demo {
        /// Days of history on the first run.
        #[arg(long, default_value_t = 90)]
        days: u16,
        /// Do nothing when the demo tenant has data already, but say how old they are.
        #[arg(long)]
        if_absent: bool,
    },
    /// Say what tenants may reach with the operator's own Google key, and seal stored secrets again.
    Source {
        #[command(subcommand)]
        command: SourceCommand,
    },
    /// Print the API's OpenAPI document.
    Openapi,
}

#[derive(Debug, Subcommand)]
enum SourceCommand {
    /// Let a tenant read a dataset or property with the operator's Google key (GOOGLE_ANALYTICS_CREDENTIALS_PATH).
    Allow(Opening),
    /// Take that back.
    Revoke(Opening),
    /// Say what is open.
    List {
        /// To this tenant only.
        #[arg(long)]
        tenant: Option<TenantId>,
    },
    /// After a change of SECRETS_KEY: seal all stored secrets again, so that SECRETS_KEY_PREVIOUS can go.
    Reseal,
}

#[derive(Debug, Args)]
struct Opening {
    #[arg(long)]
    tenant: TenantId,
    /// The dataset, as project.dataset.
    #[arg(long, value_name = "PROJECT.DATASET", conflicts_with = "property")]
    bigquery: Option<String>,
    /// The property's number; GOOGLE_ANALYTICS_PROPERTY_ID unless given.
    #[arg(long, value_name = "NUMBER")]
    property: Option<String>,
}

#[derive(Debug, Clone, Copy, Subcommand)]
enum DbCommand {
    /// Make or bring up the schema, the functions and the services' role. Safe to run at any time and by several at once.
    Setup,
    /// Say which migrations and functions are applied.
    Status,
    /// Drop everything of the product (refused in PROD).
    Clean,
    /// Make visits and roll-ups of one tenant, or of all, again from the events.
    Rebuild {
        #[arg(long)]
        tenant: Option<TenantId>,
    },
}

/// Parses, runs, and tells a failure in one line.
pub async fn main() -> ExitCode {
    lifecycle::install_tls_provider();
    let cli = Cli::parse();
    match run(cli).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("data-service: {}", one_line(&error));
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    if let Some(Command::Openapi) = cli.command {
        println!("{}", http::document_text(&routes::document())?);
        return Ok(ExitCode::SUCCESS);
    }
    let settings = Settings::load()?;
    match cli.command {
        None => serve::serve(settings).await.map(|()| ExitCode::SUCCESS),
        Some(Command::Db { command }) => match command {
            DbCommand::Setup => database::setup(&settings).await,
            DbCommand::Status => database::status(&settings).await,
            DbCommand::Clean => database::clean(&settings).await,
            DbCommand::Rebuild { tenant } => database::rebuild(&settings, tenant).await,
        },
        Some(Command::Import { tenant, append, files }) => import::import(&settings, tenant, append, &files).await,
        Some(Command::Demo { days, if_absent }) => demo::demo(&settings, days, if_absent).await,
        Some(Command::Source { command }) => source(&settings, command).await,
        Some(Command::Openapi) => Ok(ExitCode::SUCCESS),
    }
}

async fn source(settings: &Settings, command: SourceCommand) -> anyhow::Result<ExitCode> {
    let meant = |Opening { tenant, bigquery, property }: Opening| {
        source::meant(settings, bigquery.as_deref(), property.as_deref()).map(|grant| (tenant, grant))
    };
    match command {
        SourceCommand::Allow(opening) => {
            let (tenant, grant) = meant(opening)?;
            source::allow(settings, tenant, &grant).await
        }
        SourceCommand::Revoke(opening) => {
            let (tenant, grant) = meant(opening)?;
            source::revoke(settings, tenant, &grant).await
        }
        SourceCommand::List { tenant } => source::list(settings, tenant).await,
        SourceCommand::Reseal => source::reseal(settings).await,
    }
}
