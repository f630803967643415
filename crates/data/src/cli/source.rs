//! `data-service source …`: what the operator lets tenants reach with the operator's own Google key, and what becomes of
//! sealed secrets when SECRETS_KEY changes. Grants are written as the schema's owner: the services may only read them.

use std::process::ExitCode;

use anyhow::Context;
use common::auth::{Actor, audit};
use common::config::Settings;
use common::db::{self, TenantTx};
use common::ids::TenantId;
use common::secrets::Sealer;
use serde_json::json;
use sqlx::PgPool;

use crate::serve::open;
use crate::source::grants::{self, Grant};
use crate::source::reseal::{self, Resealed};

/// Opens a dataset or property to a tenant.
pub async fn allow(settings: &Settings, tenant: TenantId, grant: &Grant) -> anyhow::Result<ExitCode> {
    let mut tx = of_tenant(&owner(settings).await?, tenant).await?;
    let is_new = grants::allow(tx.conn(), tenant, grant).await?;
    if is_new {
        note(&mut tx, tenant, "source.allowed", grant).await?;
    }
    tx.commit().await?;
    match is_new {
        true => println!("Tenant {tenant} may reach {grant} with the operator's Google key."),
        false => println!("Tenant {tenant} could reach {grant} with the operator's Google key before."),
    }
    if settings.google.credentials_path.is_none() {
        eprintln!("data-service: warning: there is no such key yet: set GOOGLE_ANALYTICS_CREDENTIALS_PATH");
    }
    Ok(ExitCode::SUCCESS)
}

/// Closes it again. Jobs that run go on with the key they have.
pub async fn revoke(settings: &Settings, tenant: TenantId, grant: &Grant) -> anyhow::Result<ExitCode> {
    let mut tx = of_tenant(&owner(settings).await?, tenant).await?;
    if !grants::revoke(tx.conn(), tenant, grant).await? {
        anyhow::bail!(
            "tenant {tenant} was not given {grant}; `data-service source list --tenant {tenant}` says what was"
        );
    }
    note(&mut tx, tenant, "source.revoked", grant).await?;
    tx.commit().await?;
    println!("Tenant {tenant} cannot reach {grant} with the operator's Google key any more.");
    Ok(ExitCode::SUCCESS)
}

/// Tells what is open, to one tenant or to all.
pub async fn list(settings: &Settings, tenant: Option<TenantId>) -> anyhow::Result<ExitCode> {
    let pool = owner(settings).await?;
    let mut lines = 0;
    for tenant in tenants(&pool, tenant).await? {
        let mut tx = of_tenant(&pool, tenant).await?;
        for Grant { kind, target } in grants::of_tenant(tx.conn(), tenant).await? {
            println!("{tenant}  {kind:<8}  {target}");
            lines += 1;
        }
    }
    if lines == 0 {
        println!("Nothing is open: tenants reach Google with their own keys only.");
    }
    Ok(ExitCode::SUCCESS)
}

/// The dataset or property that is meant; without either, the operator's own property.
pub fn meant(settings: &Settings, bigquery: Option<&str>, property: Option<&str>) -> anyhow::Result<Grant> {
    let grant = match (bigquery, property.or(settings.google.property_id.as_deref())) {
        (Some(dataset), _) => Grant::of_dataset(dataset),
        (None, Some(property)) => Grant::of_property(property),
        (None, None) => Err(String::from(
            "name what is meant: --bigquery project.dataset or --property number (or set GOOGLE_ANALYTICS_PROPERTY_ID)",
        )),
    };
    grant.map_err(anyhow::Error::msg)
}

async fn note(tx: &mut TenantTx, tenant: TenantId, action: &str, grant: &Grant) -> Result<(), sqlx::Error> {
    let Grant { kind, target } = grant;
    audit::note(tx.conn(), tenant, &Actor::operator(), action, Some(target), json!({ "kind": kind })).await
}

async fn owner(settings: &Settings) -> anyhow::Result<PgPool> {
    db::connect_owner(&settings.database).await.context("cannot reach PostgreSQL as POSTGRES_USER")
}

/// Row-level security holds the owner too, so a tenant has to be named.
async fn of_tenant(pool: &PgPool, tenant: TenantId) -> anyhow::Result<TenantTx> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    let known =
        sqlx::query_scalar!(r#"select exists (select from tenants where tenant_id = $1) as "known!""#, tenant.0)
            .fetch_one(tx.conn())
            .await?;
    anyhow::ensure!(known, "there is no tenant {tenant}");
    Ok(tx)
}

async fn tenants(pool: &PgPool, only: Option<TenantId>) -> anyhow::Result<Vec<TenantId>> {
    match only {
        Some(tenant) => Ok(vec![tenant]),
        None => Ok(sqlx::query_scalar!(r#"select tenant_id as "tenant_id: TenantId" from tenants order by tenant_id"#)
            .fetch_all(pool)
            .await?),
    }
}

/// Seals the secrets of all tenants again with today's SECRETS_KEY, as the services' role.
pub async fn reseal(settings: &Settings) -> anyhow::Result<ExitCode> {
    let tenants = tenants(&owner(settings).await?, None).await?;
    let pool = open(settings, "source-reseal").await?;
    let sealer = Sealer::from_settings(settings);
    let mut total = Resealed::default();
    for tenant in tenants {
        let mut tx = TenantTx::begin(&pool, tenant).await?;
        let Resealed { resealed, lost } = reseal::reseal(tx.conn(), &sealer, tenant).await?;
        tx.commit().await?;
        if lost > 0 {
            eprintln!("data-service: tenant {tenant}: {lost} secrets were sealed with a key that is not here");
        }
        total.resealed += resealed;
        total.lost += lost;
    }
    let Resealed { resealed, lost } = total;
    println!("{resealed} secrets were sealed again with SECRETS_KEY.");
    if lost > 0 {
        println!(
            "{lost} could not be opened: set SECRETS_KEY_PREVIOUS to the key that sealed them, or enter them again."
        );
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}
