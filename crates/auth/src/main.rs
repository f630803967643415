//! auth-service: serves by default; sub-commands for operators.

use std::{
    io::{self, Write},
    process::ExitCode,
};

use auth_service::{
    META,
    cli::{
        ActivateTenant, ApiKeyCommand, AuditCommand, CreateTenant, DomainCommand, KeysCommand, TokenCommand,
        activate_tenant, api_key, audit, create_tenant, domain, keys, print_token,
    },
};
use clap::{Parser, Subcommand};
use common::{auth::AppState, config::Settings, http, lifecycle, telemetry};
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Signing in, sessions and tenants. Without a command it serves.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Print two export lines, TOKEN and TENANT_ID, for an existing member
    Token(TokenCommand),
    /// Tenants
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// Keys for machines
    #[command(subcommand)]
    ApiKey(ApiKeyCommand),
    /// Domains whose people are let in
    #[command(subcommand)]
    Domain(DomainCommand),
    /// Audit logs
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Key pairs that sign access tokens
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Print the OpenAPI document
    Openapi,
}

#[derive(Subcommand)]
enum TenantCommand {
    /// Make a new, empty tenant
    Create(CreateTenant),
    /// Open a tenant again that an owner closed
    Activate(ActivateTenant),
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
    let mut out = io::stdout();
    match cli.command {
        None => serve().await,
        Some(Command::Token(command)) => print_token(&state().await?, command, &mut out).await,
        Some(Command::Tenant(TenantCommand::Create(command))) => {
            create_tenant(&state().await?, command, &mut out).await
        }
        Some(Command::Tenant(TenantCommand::Activate(command))) => {
            activate_tenant(&state().await?, command, &mut out).await
        }
        Some(Command::Domain(command)) => domain(&state().await?, command, &mut out).await,
        Some(Command::Audit(command)) => audit(&state().await?, command, &mut out).await,
        Some(Command::ApiKey(command)) => api_key(&state().await?, command, &mut out).await,
        Some(Command::Keys(command)) => keys(&state().await?, command, &mut out).await,
        Some(Command::Openapi) => {
            writeln!(out, "{}", http::document_text(&auth_service::document())?)?;
            Ok(())
        }
    }
}

/// What a command works with.
async fn state() -> anyhow::Result<AppState> {
    AppState::connect(Settings::load()?, META.name).await
}

async fn serve() -> anyhow::Result<()> {
    let settings = Settings::load()?;
    let _logs = telemetry::init(META.name, &settings)?;
    let shutdown = lifecycle::shutdown_signal()?;
    let listener = lifecycle::bind(settings.service_host, settings.auth_port, "AUTH_SERVICE_PORT").await?;
    let state = AppState::connect(settings, META.name).await?;
    let pool = state.pool.clone();
    let access = tokio::spawn(state.clone().keep_fresh(shutdown.clone()));
    let app = auth_service::app(state)?;
    tracing::info!(address = %listener.local_addr()?, "auth-service is ready");
    http::serve(listener, app, shutdown).await?;
    access.await?;
    pool.close().await;
    Ok(())
}
