//! `auth-service api-key`: keys for machines, made, listed and revoked by the operator.

use std::io::Write;

use anyhow::{Context, bail};
use chrono::{DateTime, Duration, SecondsFormat, Utc};
use clap::{Args, Subcommand};
use common::{
    auth::{
        Actor, AppState,
        api_key::{NewApiKey, Scope},
    },
    ids::TenantId,
};
use secrecy::ExposeSecret;

use super::tenant::open;
use crate::{
    api_keys::{self, ApiKeyView, key_name_rule},
    paging::Place,
};

/// What to do with a tenant's keys.
#[derive(Debug, Subcommand)]
pub enum ApiKeyCommand {
    /// Make a key and print it, this once
    Create(CreateApiKey),
    /// List the tenant's keys, without their secrets
    List {
        /// The tenant
        #[arg(long)]
        tenant: TenantId,
    },
    /// Revoke a key; the services refuse it within a second
    Revoke {
        /// The tenant
        #[arg(long)]
        tenant: TenantId,
        /// The key's prefix, as `list` shows it
        #[arg(long)]
        prefix: String,
    },
}

/// The key to be.
#[derive(Debug, Args)]
pub struct CreateApiKey {
    /// The tenant
    #[arg(long)]
    pub tenant: TenantId,
    /// What people call it
    #[arg(long)]
    pub name: String,
    /// What it may be used for: ingest, read or send; may be given several times
    #[arg(long = "scope", required = true)]
    pub scopes: Vec<Scope>,
    /// Days until it expires; without it, it holds until it is revoked
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=3650))]
    pub expires_days: Option<u16>,
}

/// Runs one of them. Of `create`, the key is all that is printed: `KEY=$(auth-service api-key create …)`.
///
/// # Errors
/// There is no such tenant or key, or the name is not usable.
pub async fn api_key(app: &AppState, command: ApiKeyCommand, out: &mut impl Write) -> anyhow::Result<()> {
    match command {
        ApiKeyCommand::Create(command) => make(app, &command, out).await,
        ApiKeyCommand::List { tenant } => {
            let mut tx = open(app, tenant).await?;
            for key in api_keys::list(tx.conn(), tenant, None, Place { start: 0, limit: i64::MAX }).await? {
                writeln!(out, "{}", line(&key))?;
            }
            Ok(())
        }
        ApiKeyCommand::Revoke { tenant, prefix } => {
            let mut tx = open(app, tenant).await?;
            // Whoever pastes the whole key means it, too.
            let prefix = prefix.get(..45).unwrap_or(&prefix);
            let name = api_keys::revoke(tx.conn(), tenant, prefix, &Actor::operator())
                .await?
                .with_context(|| format!("the tenant {tenant} has no key that begins with {prefix}"))?;
            tx.commit().await?;
            writeln!(out, "revoked {prefix} ({name})")?;
            Ok(())
        }
    }
}

async fn make(app: &AppState, command: &CreateApiKey, out: &mut impl Write) -> anyhow::Result<()> {
    let CreateApiKey { tenant, name, scopes, expires_days } = command;
    let name = name.trim();
    if let Err(error) = key_name_rule(name, &()) {
        bail!("--name {error}");
    }
    let mut tx = open(app, *tenant).await?;
    let new = NewApiKey {
        tenant: *tenant,
        name,
        scopes,
        expires_at: expires_days.map(|days| Utc::now() + Duration::days(days.into())),
        created_by: None,
    };
    let key = api_keys::make(tx.conn(), &app.api_keys, new, &Actor::operator()).await?;
    tx.commit().await?;
    tracing::info!(%tenant, prefix = key.prefix, "an API key was made");
    writeln!(out, "{}", key.secret.expose_secret())?;
    Ok(())
}

fn line(key: &ApiKeyView) -> String {
    let ApiKeyView { name, prefix, scopes, created_at, expires_at, last_used_at, revoked_at, .. } = key;
    let state = match (revoked_at, expires_at) {
        (Some(at), _) => format!("revoked {}", day(at)),
        (None, Some(at)) if *at <= Utc::now() => format!("expired {}", day(at)),
        (None, Some(at)) => format!("expires {}", day(at)),
        (None, None) => String::from("active"),
    };
    let used = last_used_at.map_or_else(
        || String::from("never used"),
        |at| format!("used {}", at.to_rfc3339_opts(SecondsFormat::Secs, true)),
    );
    format!("{prefix}  {name}  {}  created {}  {state}  {used}", scopes.join(","), day(created_at))
}

fn day(at: &DateTime<Utc>) -> String {
    at.date_naive().to_string()
}
