//! The command line: what an operator types, and what they are told.

#![expect(clippy::print_stdout, reason = "what an operator asked for is told on stdout")]

mod database;
mod demo;
mod import;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use common::config::Settings;
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
    /// Print the API's OpenAPI document.
    Openapi,
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
        println!("{}", routes::document().to_pretty_json()?);
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
        Some(Command::Openapi) => Ok(ExitCode::SUCCESS),
    }
}
