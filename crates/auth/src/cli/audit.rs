//! `auth-service audit verify`: whether the log is what was written.

use std::io::Write;

use anyhow::bail;
use clap::{Args, Subcommand};
use common::{auth::AppState, ids::TenantId};

use super::tenant::open;

/// What to do with a tenant's audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Recompute the chain of hashes, and say where it breaks; else print the last hash, to be kept elsewhere
    Verify(VerifyAudit),
}

/// Whose log.
#[derive(Debug, Args)]
pub struct VerifyAudit {
    /// The tenant
    #[arg(long)]
    pub tenant: TenantId,
}

/// Runs it.
///
/// # Errors
/// There is no such tenant, or the chain is broken.
pub async fn audit(app: &AppState, command: AuditCommand, out: &mut impl Write) -> anyhow::Result<()> {
    let AuditCommand::Verify(VerifyAudit { tenant }) = command;
    let mut tx = open(app, tenant).await?;
    // A log of years takes longer to check than any request may take.
    sqlx::query!("set local statement_timeout = 0").execute(tx.conn()).await?;
    // Entries that are added meanwhile would not be under the last hash.
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('ga audit ' || $1::text, 0))", tenant.to_string())
        .execute(tx.conn())
        .await?;
    let broken = sqlx::query_scalar!("select first_broken_audit_entry($1)", tenant.uuid()).fetch_one(tx.conn()).await?;
    if let Some(entry) = broken {
        bail!("the audit log of {tenant} is broken at entry {entry}: it, or one before it, was changed or removed");
    }
    let last = sqlx::query!(
        r#"select entry_no, encode(entry_hash, 'hex') as "hash!" from audit_log
         where tenant_id = $1 order by entry_no desc limit 1"#,
        tenant.uuid(),
    )
    .fetch_optional(tx.conn())
    .await?;
    match last {
        Some(last) => writeln!(out, "{} entries, none changed; the last hash is {}", last.entry_no, last.hash)?,
        None => writeln!(out, "there is no entry yet")?,
    }
    Ok(())
}
