//! `data-service demo`: the demo tenant, its people, and a GA4 export up to yesterday, taken in by the real pipeline.

use std::process::ExitCode;

use chrono::{Days, NaiveDate, Utc};
use chrono_tz::Tz;
use common::auth::Role;
use common::config::Settings;
use common::db::TenantTx;
use common::ids::{DEMO_TENANT, JobId};
use common::tenants::{NewMember, NewTenant};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::import::{tell, wait};
use crate::demo::{DEFAULT_SEED, DEFAULT_VISITORS_PER_DAY, DemoOptions, generate};
use crate::ingest::job::{NewJob, Origin, create};
use crate::serve::{ingestion, open, worker};
use crate::source::SourceKind;

/// Where the demo's shop stands: not UTC, and with daylight-saving time.
const ZONE: Tz = chrono_tz::America::New_York;

pub async fn demo(settings: &Settings, days: u16, if_absent: bool) -> anyhow::Result<ExitCode> {
    let pool = open(settings, "data-demo").await?;
    common::tenants::create(&pool, &tenant()).await?;
    let yesterday = Utc::now().with_timezone(&ZONE).date_naive() - Days::new(1);
    let latest = latest_day(&pool).await?;
    if let Some(latest) = latest {
        let behind = (yesterday - latest).num_days();
        if behind <= 0 {
            println!("The demo data reach to yesterday, {yesterday}.");
            return Ok(ExitCode::SUCCESS);
        }
        if if_absent {
            println!(
                "The demo data end on {latest}, {behind} days before yesterday; `make demo` brings them up to date."
            );
            return Ok(ExitCode::SUCCESS);
        }
    }
    let from = latest.map_or(yesterday - Days::new(u64::from(days.max(1)) - 1), |latest| latest + Days::new(1));
    let folder = settings.data_root.join(DEMO_TENANT.to_string());
    std::fs::create_dir_all(&folder)?;
    let options = DemoOptions {
        seed: DEFAULT_SEED,
        from,
        to: yesterday,
        zone: ZONE,
        visitors_per_day: DEFAULT_VISITORS_PER_DAY,
        out_dir: folder,
    };
    let summary = tokio::task::spawn_blocking(move || generate(&options)).await??;
    println!("Generated {} rows of a GA4 export, {from} to {yesterday}.", summary.rows);

    let job = JobId::generate();
    let new = NewJob {
        tenant: DEMO_TENANT,
        job,
        origin: Origin::Folder,
        source: SourceKind::ExportFiles,
        is_scheduled: false,
        mode: "replace",
        data_types: &["events", "users", "locations"].map(String::from),
        range: Some((from, yesterday)),
        idempotency_key: None,
        created_by: None,
    };
    let mut tx = TenantTx::begin(&pool, DEMO_TENANT).await?;
    create(tx.conn(), &new).await?;
    tx.commit().await?;
    let stop = CancellationToken::new();
    let working = tokio::spawn(worker(ingestion(settings, &pool)?, settings.worker_dead_after, stop.clone()));
    let ended = wait(&pool, DEMO_TENANT, job).await;
    stop.cancel();
    working.await?;
    Ok(tell(&ended?))
}

fn tenant() -> NewTenant {
    let member = |email: &str, name: &str, role| NewMember { email: email.into(), name: Some(name.into()), role };
    NewTenant {
        tenant_id: Some(DEMO_TENANT),
        name: "Demo Industrial Supply".into(),
        time_zone: ZONE.name().into(),
        currency: "USD".into(),
        week_start: 1,
        members: vec![
            member("olivia.owner@example.com", "Olivia Owner", Role::Owner),
            member("max.manager@example.com", "Max Manager", Role::Manager),
            member("vera.viewer@example.com", "Vera Viewer", Role::Viewer),
        ],
    }
}

async fn latest_day(pool: &PgPool) -> anyhow::Result<Option<NaiveDate>> {
    let mut tx = TenantTx::begin(pool, DEMO_TENANT).await?;
    let latest = sqlx::query_scalar!("select max(day) from ingested_days where tenant_id = $1", DEMO_TENANT.0)
        .fetch_one(tx.conn())
        .await?;
    Ok(latest)
}
