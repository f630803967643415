//! analytics-service: serves by default; sub-commands for operators.

use std::{
    io::{self, Write},
    process::ExitCode,
    sync::Arc,
};

use analytics_service::{MailState, Mailer, scheduling};
use clap::{Parser, Subcommand};
use common::{
    auth::AppState,
    config::Settings,
    db::{connect_app, schema},
    http, lifecycle,
    secrets::Sealer,
    telemetry,
};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Dashboard, task lists and histories. Without a command it serves.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Print the OpenAPI document
    Openapi,
}

#[tokio::main]
async fn main() -> ExitCode {
    lifecycle::install_tls_provider();
    match run(Cli::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            lifecycle::report(&error);
            ExitCode::FAILURE
        }
    }
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    match cli.command {
        None => serve().await,
        Some(Command::Openapi) => {
            let mut out = io::stdout();
            writeln!(out, "{}", http::document_text(&analytics_service::document())?)?;
            Ok(())
        }
    }
}

async fn serve() -> anyhow::Result<()> {
    let settings = Settings::load()?;
    let _logs = telemetry::init(analytics_service::META.name, &settings)?;
    let shutdown = lifecycle::shutdown_signal()?;
    let listener = lifecycle::bind(settings.service_host, settings.analytics_port, "ANALYTICS_SERVICE_PORT").await?;
    let pool = connect_app(&settings.database, analytics_service::META.name).await?;
    schema::check(&pool).await?;
    let state = AppState::new(pool.clone(), settings);
    let access = tokio::spawn(state.clone().keep_fresh(shutdown.clone()));
    let mail = MailState::new(state)?;
    let scheduling = tokio::spawn(scheduling::keep_scheduling(
        pool.clone(),
        Arc::clone(&mail.app.settings),
        Sealer::from_settings(&mail.app.settings),
        shutdown.clone(),
    ));
    let delivering = tokio::spawn(Mailer::new(&mail).keep_delivering(shutdown.clone()));
    let app = analytics_service::router(mail);
    tracing::info!(address = %listener.local_addr()?, "analytics-service is ready");
    http::serve(listener, app, shutdown).await?;
    scheduling.await?;
    delivering.await?;
    access.await?;
    pool.close().await;
    Ok(())
}
