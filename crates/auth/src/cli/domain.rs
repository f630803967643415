//! `auth-service domain`: whose addresses a tenant lets in, set by the operator, who may name any domain.

use std::io::Write;

use anyhow::bail;
use clap::{Args, Subcommand};
use common::{
    auth::{Actor, AppState},
    http::ApiError,
    ids::TenantId,
};

use super::tenant::open;
use crate::domains::{self, DomainRole, domain_name};

/// What to do with a tenant's domains.
#[derive(Debug, Subcommand)]
pub enum DomainCommand {
    /// Let in whoever signs in with a confirmed address of a domain
    Allow(AllowDomain),
    /// Let them in no more; who is a member stays one
    Remove {
        /// The tenant
        #[arg(long)]
        tenant: TenantId,
        /// The domain
        #[arg(long)]
        domain: String,
    },
}

/// The domain to let in.
#[derive(Debug, Args)]
pub struct AllowDomain {
    /// The tenant
    #[arg(long)]
    pub tenant: TenantId,
    /// The domain, such as example.org
    #[arg(long)]
    pub domain: String,
    /// What who comes from there becomes
    #[arg(long, value_enum, default_value = "viewer")]
    pub role: DomainRole,
}

/// Runs one of them.
///
/// # Errors
/// There is no such tenant, or it is no domain, or not one of the tenant's.
pub async fn domain(app: &AppState, command: DomainCommand, out: &mut impl Write) -> anyhow::Result<()> {
    match command {
        DomainCommand::Allow(AllowDomain { tenant, domain, role }) => {
            let domain = checked(&domain)?;
            let mut tx = open(app, tenant).await?;
            domains::store(tx.conn(), tenant, &domain, role, &Actor::operator()).await?;
            tx.commit().await?;
            writeln!(out, "people of {domain} become members of {tenant} when they sign in")?;
        }
        DomainCommand::Remove { tenant, domain } => {
            let domain = checked(&domain)?;
            let mut tx = open(app, tenant).await?;
            if !domains::forget(tx.conn(), tenant, &domain, &Actor::operator()).await? {
                bail!("the tenant {tenant} does not let {domain} in");
            }
            tx.commit().await?;
            writeln!(out, "people of {domain} become members of {tenant} no more")?;
        }
    }
    Ok(())
}

fn checked(domain: &str) -> anyhow::Result<String> {
    domain_name(domain).map_err(|error| match error {
        ApiError::Invalid(faults) => {
            let words: Vec<_> = faults.into_iter().map(|fault| fault.message).collect();
            anyhow::anyhow!("`{domain}` {}", words.join("; "))
        }
        other => other.into(),
    })
}
