//! `data-service db …`

use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use common::config::Settings;
use common::db::schema::{self, FunctionState};
use common::db::{self, TenantTx};
use common::ids::TenantId;

use crate::serve::open;

pub async fn setup(settings: &Settings) -> anyhow::Result<ExitCode> {
    let report = schema::setup_in(&settings.database, settings.environment).await?;
    for warning in &report.warnings {
        eprintln!("data-service: warning: {warning}");
    }
    match (report.from == report.to, report.functions.len()) {
        (true, 0) => println!("The schema is up to date (version {}).", report.to),
        (_, functions) => {
            println!("The schema went from version {} to {}; {functions} functions applied.", report.from, report.to);
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub async fn status(settings: &Settings) -> anyhow::Result<ExitCode> {
    let pool = db::connect_owner(&settings.database).await.context("cannot reach PostgreSQL as POSTGRES_USER")?;
    let status = schema::status(&pool).await?;
    println!("schema    version {} of {}", status.version, status.needed);
    let mut current = status.version == status.needed;
    for function in &status.functions {
        let version = |v: Option<i32>| v.map_or_else(|| "-".to_owned(), |v| v.to_string());
        println!(
            "function  {:<36} applied {:>3}  build {:>3}  {}",
            function.name,
            version(function.applied_version),
            version(function.embedded_version),
            state(&function.state),
        );
        current &= matches!(function.state, FunctionState::Current);
    }
    println!("{}", if current { "Everything is as this build needs it." } else { "Run `data-service db setup`." });
    Ok(if current { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn state(state: &FunctionState) -> String {
    format!("{state:?}").to_lowercase()
}

pub async fn clean(settings: &Settings) -> anyhow::Result<ExitCode> {
    schema::clean(&settings.database, settings.environment).await?;
    println!("Dropped everything of the product in database {}.", settings.database.database);
    Ok(ExitCode::SUCCESS)
}

/// As the services' role, a tenant at a time, each in one transaction: readers see the old figures until the new ones are.
pub async fn rebuild(settings: &Settings, tenant: Option<TenantId>) -> anyhow::Result<ExitCode> {
    let tenants = match tenant {
        Some(tenant) => vec![tenant],
        None => {
            let owner =
                db::connect_owner(&settings.database).await.context("cannot reach PostgreSQL as POSTGRES_USER")?;
            sqlx::query_scalar!(r#"select tenant_id as "tenant_id: TenantId" from tenants order by tenant_id"#)
                .fetch_all(&owner)
                .await?
        }
    };
    let pool = open(settings, "db-rebuild").await?;
    for tenant in tenants {
        let started = Instant::now();
        let mut tx = TenantTx::begin(&pool, tenant).await?;
        sqlx::query("set local statement_timeout = 0").execute(tx.conn()).await?;
        let known = sqlx::query_scalar!("select name from tenants where tenant_id = $1", tenant.0)
            .fetch_optional(tx.conn())
            .await?;
        let Some(name) = known else { anyhow::bail!("there is no tenant {tenant}") };
        let days =
            sqlx::query_scalar!(r#"select rebuild_rollups($1) as "days!""#, tenant.0).fetch_one(tx.conn()).await?;
        tx.commit().await?;
        println!("{name}: {days} days rebuilt in {:.1} s", started.elapsed().as_secs_f64());
    }
    Ok(ExitCode::SUCCESS)
}
