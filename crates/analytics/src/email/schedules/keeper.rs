//! Makes the sends of schedules whose time has come. Every process looks; each run is decided once, because the tenant's due
//! row is held while its run is written, its send made and its next time set.

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use common::{
    config::Settings,
    db::TenantTx,
    ids::{JobId, TenantId},
    secrets::Sealer,
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use super::{decide::Decider, due, run, stored};

const EVERY: Duration = Duration::from_secs(2);
/// How often all times are held against the tenants' clocks, which somebody may have set to another zone.
const ALIGN_EVERY: u32 = 300;
/// Tenants looked at in one go.
const AT_ONCE: i64 = 100;
/// Decisions on one tenant in one go; what is left is due still.
const MOST_STEPS: u32 = 500;

/// Looks for due runs until `stop`.
pub async fn keep_scheduling(pool: PgPool, settings: Arc<Settings>, sealer: Sealer, stop: CancellationToken) {
    let mut looks = 0u32;
    while !stop.is_cancelled() {
        if let Err(error) = run_due(&pool, &settings, &sealer, Utc::now()).await {
            tracing::warn!(error = format!("{error:#}"), "due reports could not be looked for");
        }
        if looks.is_multiple_of(ALIGN_EVERY)
            && let Err(error) = align_all(&pool, Utc::now()).await
        {
            tracing::warn!(
                error = format!("{error:#}"),
                "schedules of reports could not be held against the tenants' clocks"
            );
        }
        looks = looks.wrapping_add(1);
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Decides on every run that is due or waits at `now`, and answers the jobs that were made. One tenant's fault is logged and
/// holds up no other.
///
/// # Errors
/// The database is away.
pub async fn run_due(
    pool: &PgPool,
    settings: &Settings,
    sealer: &Sealer,
    now: DateTime<Utc>,
) -> anyhow::Result<Vec<JobId>> {
    let mut jobs = Vec::new();
    for tenant in due_before(pool, now).await? {
        if let Err(error) = run_tenant(pool, settings, sealer, tenant, now, &mut jobs).await {
            tracing::error!(%tenant, error = format!("{error:#}"), "reports that are due could not be sent");
            // A fault of the tenant's rows must not be logged every two seconds.
            let mut tx = TenantTx::begin(pool, tenant).await?;
            // Not `take`, which skips a row that is held: what failed may not have been undone yet.
            due::put_off(tx.conn(), tenant, now + due::LOOK_AGAIN).await?;
            tx.commit().await?;
        }
    }
    Ok(jobs)
}

async fn due_before(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<TenantId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select tenant_id as "tenant_id: TenantId" from due_work where kind = 'reports' and due_at <= $1
           order by due_at limit $2"#,
        now,
        AT_ONCE,
    )
    .fetch_all(pool)
    .await
}

/// One decision a transaction, until nothing of the tenant is due, or another process is at it.
async fn run_tenant(
    pool: &PgPool,
    settings: &Settings,
    sealer: &Sealer,
    tenant: TenantId,
    now: DateTime<Utc>,
    jobs: &mut Vec<JobId>,
) -> anyhow::Result<()> {
    let mut looked_at = None;
    for _ in 0..MOST_STEPS {
        let mut tx = TenantTx::begin(pool, tenant).await?;
        if !due::take(tx.conn(), tenant, now).await? {
            return Ok(());
        }
        let clock = stored::tenant_clock(tx.conn(), tenant).await?;
        let decider = Decider { settings, sealer, tenant, clock, now };
        let job = if let Some(schedule) = stored::load(tx.conn(), tenant, None, Some(now)).await?.first() {
            decider.due(&mut tx, schedule).await?
        } else if let Some(waiting) = run::next_waiting(tx.conn(), tenant, looked_at).await? {
            looked_at = Some((waiting.due_at, waiting.schedule_id));
            decider.waiting(&mut tx, &waiting).await?
        } else {
            due::align(tx.conn(), tenant, now).await?;
            return Ok(tx.commit().await?);
        };
        tx.commit().await?;
        if let Some(job) = job {
            tracing::info!(%tenant, %job, "a schedule was due and its reports are queued");
            jobs.push(job);
        }
    }
    Ok(())
}

/// Sets every time that is still to come by the tenants' clocks of today.
///
/// # Errors
/// The database is away.
pub async fn align_all(pool: &PgPool, now: DateTime<Utc>) -> anyhow::Result<()> {
    let tenants =
        sqlx::query_scalar!(r#"select tenant_id as "tenant_id: TenantId" from due_work where kind = 'reports'"#)
            .fetch_all(pool)
            .await?;
    for tenant in tenants {
        if let Err(error) = align_tenant(pool, tenant, now).await {
            tracing::warn!(%tenant, error = format!("{error:#}"), "a tenant's schedules could not be held against its clocks");
        }
    }
    Ok(())
}

async fn align_tenant(pool: &PgPool, tenant: TenantId, now: DateTime<Utc>) -> anyhow::Result<()> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    due::lock(tx.conn(), tenant).await?;
    let clock = stored::tenant_clock(tx.conn(), tenant).await?;
    for schedule in stored::load(tx.conn(), tenant, None, None).await? {
        // What is due stays due; what cannot be read says so when it is.
        let is_to_come = schedule.is_enabled && schedule.next_run_at.is_none_or(|next| next > now);
        if let Ok(own) = schedule.clock(clock.zone)
            && is_to_come
        {
            let next = own.next_after(now);
            if next != schedule.next_run_at {
                stored::set_next(tx.conn(), tenant, schedule.schedule_id, next).await?;
            }
        }
    }
    due::align(tx.conn(), tenant, now).await?;
    tx.commit().await?;
    Ok(())
}
