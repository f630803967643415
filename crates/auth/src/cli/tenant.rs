//! `auth-service tenant …`: a new, empty tenant with its owner; a closed one opened again.

use std::io::Write;

use anyhow::{Context, bail};
use clap::Args;
use common::{
    auth::{Actor, AppState, Role, audit},
    db::TenantTx,
    ids::TenantId,
    tenants::{NewMember, NewTenant, create},
};

use super::token::{TokenCommand, print_token};

/// The tenant to be.
#[derive(Debug, Args)]
pub struct CreateTenant {
    /// What the company is called
    #[arg(long)]
    pub name: String,
    /// The owner's e-mail address; an account is made where there is none
    #[arg(long)]
    pub owner: String,
    /// IANA time zone of the business
    #[arg(long, default_value = "UTC")]
    pub time_zone: String,
    /// ISO 4217 code of its money
    #[arg(long, default_value = "USD")]
    pub currency: String,
    /// The first day of its week
    #[arg(long, value_parser = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], default_value = "monday")]
    pub week_start: String,
    /// Print the two export lines of `token` for it, and nothing else
    #[arg(long)]
    pub print_token: bool,
}

/// Makes the tenant and says its id, or prints a token for it.
///
/// # Errors
/// All settings that are not valid, at once.
pub async fn create_tenant(app: &AppState, command: CreateTenant, out: &mut impl Write) -> anyhow::Result<()> {
    let CreateTenant { name, owner, time_zone, currency, week_start, print_token: wants_token } = command;
    let tenant = NewTenant {
        tenant_id: None,
        name,
        time_zone,
        currency: currency.to_ascii_uppercase(),
        week_start: iso_day(&week_start)?,
        members: vec![NewMember { email: owner.clone(), name: None, role: Role::Owner }],
    };
    let tenant_id = create(&app.pool, &tenant).await?;
    if wants_token {
        return print_token(app, TokenCommand { tenant: Some(tenant_id), email: Some(owner.trim().to_owned()) }, out)
            .await;
    }
    writeln!(out, "created the tenant {tenant_id} ({}) with the owner {}", tenant.name, owner.trim())?;
    Ok(())
}

/// 1 = Monday.
fn iso_day(name: &str) -> anyhow::Result<i16> {
    let day: chrono::Weekday = name.parse().ok().with_context(|| format!("`{name}` is no day of the week"))?;
    Ok(i16::try_from(day.number_from_monday())?)
}

/// The tenant to open again.
#[derive(Debug, Args)]
pub struct ActivateTenant {
    /// The tenant
    #[arg(long)]
    pub tenant: TenantId,
}

/// Opens a tenant that an owner closed; its members are in again within a second.
///
/// # Errors
/// There is no such tenant.
pub async fn activate_tenant(app: &AppState, command: ActivateTenant, out: &mut impl Write) -> anyhow::Result<()> {
    let ActivateTenant { tenant } = command;
    let mut tx = open(app, tenant).await?;
    let changed = sqlx::query!(
        "update tenants set is_active = true, updated_at = now() where tenant_id = $1 and not is_active",
        tenant.uuid(),
    )
    .execute(tx.conn())
    .await?
    .rows_affected();
    if changed == 0 {
        writeln!(out, "the tenant {tenant} is active")?;
        return Ok(());
    }
    let details = serde_json::json!({});
    audit::note(tx.conn(), tenant, &Actor::operator(), "tenant.activated", None, details).await?;
    tx.commit().await?;
    writeln!(out, "activated the tenant {tenant}")?;
    Ok(())
}

/// A transaction of a tenant that exists.
///
/// # Errors
/// There is none.
pub(super) async fn open(app: &AppState, tenant: TenantId) -> anyhow::Result<TenantTx> {
    let mut tx = TenantTx::begin(&app.pool, tenant).await?;
    let known =
        sqlx::query_scalar!(r#"select exists (select from tenants where tenant_id = $1) as "known!""#, tenant.uuid(),)
            .fetch_one(tx.conn())
            .await?;
    if !known {
        bail!("there is no tenant {tenant}");
    }
    Ok(tx)
}
