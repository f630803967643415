//! Makes the jobs of sources whose time has come. Every process looks; each run becomes one job, because its row is taken,
//! its job made and its next time set in one transaction.

use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, Utc};
use common::db::TenantTx;
use common::ids::{JobId, TenantId};
use common::schedule::Schedule;
use sqlx::{PgConnection, PgPool};
use tokio_util::sync::CancellationToken;

use super::config::SourceKind;
use super::stored::{ListOf, StoredSource, load};
use super::{due, save};
use crate::ingest::job::{NewJob, create};
use crate::ingest::start::{lock_starts, overlapping};

const EVERY: Duration = Duration::from_secs(2);
/// How often all times are held against the tenants' clocks, which somebody may have set to another zone.
const ALIGN_EVERY: u32 = 300;
/// How many days before its range a run looks at those that are not final yet: more than a service is down for.
const LEFT_OPEN: u64 = 14;
/// Tenants looked at in one go.
const AT_ONCE: i64 = 100;

/// Looks for due sources until `stop`.
pub async fn keep_scheduling(pool: PgPool, stop: CancellationToken) {
    let mut looks = 0u32;
    while !stop.is_cancelled() {
        if let Err(error) = run_due(&pool, Utc::now()).await {
            tracing::warn!(error = format!("{error:#}"), "due sources could not be looked for");
        }
        if looks.is_multiple_of(ALIGN_EVERY)
            && let Err(error) = align_all(&pool, Utc::now()).await
        {
            tracing::warn!(error = format!("{error:#}"), "schedules could not be held against the tenants' clocks");
        }
        looks = looks.wrapping_add(1);
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Makes a job of every source that is due at `now`, and answers the jobs. One tenant's fault is logged and holds up no other.
///
/// # Errors
/// The database is away.
pub async fn run_due(pool: &PgPool, now: DateTime<Utc>) -> anyhow::Result<Vec<JobId>> {
    let mut jobs = Vec::new();
    for tenant in due_before(pool, now).await? {
        match run_one(pool, tenant, now).await {
            Ok(job) => jobs.extend(job),
            Err(error) => {
                tracing::error!(%tenant, error = format!("{error:#}"), "a source that is due could not be run");
                // A fault of the tenant's row must not be logged every two seconds.
                let mut tx = TenantTx::begin(pool, tenant).await?;
                due::put_off(tx.conn(), tenant, now + due::LOOK_AGAIN).await?;
                tx.commit().await?;
            }
        }
    }
    Ok(jobs)
}

async fn due_before(pool: &PgPool, now: DateTime<Utc>) -> Result<Vec<TenantId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select tenant_id as "tenant_id: TenantId" from due_work where kind = 'ingest' and due_at <= $1
           order by due_at limit $2"#,
        now,
        AT_ONCE,
    )
    .fetch_all(pool)
    .await
}

/// The job, unless another process is at it, another run is under way, or there is nothing to run any more.
async fn run_one(pool: &PgPool, tenant: TenantId, now: DateTime<Utc>) -> anyhow::Result<Option<JobId>> {
    let mut tx = TenantTx::begin(pool, tenant).await?;
    if !save::try_lock(tx.conn(), tenant).await? || !take(tx.conn(), tenant, now).await? {
        return Ok(None);
    }
    let source = load(tx.conn(), tenant).await?;
    let next = schedule_of(&source)?.and_then(|schedule| schedule.next_after(now, source.time_zone));
    let Some(next) = next else {
        due::remove(tx.conn(), tenant).await?;
        tx.commit().await?;
        return Ok(None);
    };
    if !source.is_active {
        due::put_off(tx.conn(), tenant, next).await?;
        tx.commit().await?;
        return Ok(None);
    }
    lock_starts(tx.conn(), tenant).await?;
    let (from, to) = range(&source, now);
    let from = match source.config.kind() {
        SourceKind::Bigquery => first_open_day(tx.conn(), tenant, from).await?,
        SourceKind::ExportFiles | SourceKind::DataApi => from,
    };
    let running = match scheduled_run(tx.conn(), tenant).await? {
        Some(job) => Some(job),
        None => overlapping(tx.conn(), tenant, from, to).await?,
    };
    if let Some(running) = running {
        tracing::info!(%tenant, %running, "a source is due and waits for the job that is under way");
        due::put_off(tx.conn(), tenant, now + due::LOOK_AGAIN).await?;
        tx.commit().await?;
        return Ok(None);
    }
    let job = JobId::generate();
    let new = NewJob {
        tenant,
        job,
        origin: source.config.origin(),
        source: source.config.kind(),
        is_scheduled: true,
        mode: "replace",
        data_types: &data_types(&source),
        range: Some((from, to)),
        idempotency_key: None,
        created_by: None,
    };
    create(tx.conn(), &new).await?;
    due::put_off(tx.conn(), tenant, next).await?;
    save::ran(tx.conn(), tenant, now, job).await?;
    tx.commit().await?;
    tracing::info!(%tenant, %job, %from, %to, "a source was due and its job is queued");
    Ok(Some(job))
}

/// Locks the row; false when another process has it, or it is due no more.
async fn take(conn: &mut PgConnection, tenant: TenantId, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let row = sqlx::query!(
        "select due_at from due_work where tenant_id = $1 and kind = 'ingest' and due_at <= $2 for update skip locked",
        tenant.0,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

fn schedule_of(source: &StoredSource) -> anyhow::Result<Option<Schedule>> {
    let cron = source.schedule.cron.as_deref().filter(|_| source.schedule.enabled);
    cron.map(Schedule::parse).transpose().map_err(|fault| anyhow::anyhow!("the stored cron line {fault}"))
}

/// Today by the tenant's clocks, and the days before it that GA4 may still change.
fn range(source: &StoredSource, now: DateTime<Utc>) -> (NaiveDate, NaiveDate) {
    let today = now.with_timezone(&source.time_zone).date_naive();
    (today - Days::new(u64::from(source.schedule.refresh_days)), today)
}

/// The first day to look at: that of the range, or an earlier one whose daily table GA4 may have changed after the last run
/// that had it in its range. A table that has not changed costs a look.
async fn first_open_day(conn: &mut PgConnection, tenant: TenantId, from: NaiveDate) -> Result<NaiveDate, sqlx::Error> {
    let open = sqlx::query_scalar!(
        "select min(day) from ingested_days
         where tenant_id = $1 and source = 'bigquery' and shard = 'daily' and not final and day < $2 and day >= $3",
        tenant.0,
        from,
        from - Days::new(LEFT_OPEN),
    )
    .fetch_one(conn)
    .await?;
    Ok(open.unwrap_or(from))
}

/// Lists are taken where one is fetched from somewhere; those of a folder lie beside its events.
fn data_types(source: &StoredSource) -> Vec<String> {
    let in_folder = source.config.kind() == SourceKind::ExportFiles;
    let lists = [ListOf::Users, ListOf::Locations].into_iter().filter(|of| in_folder || source.list(*of).is_some());
    std::iter::once("events").chain(lists.map(ListOf::field)).map(String::from).collect()
}

/// A run of the schedule that has not ended, whatever its days.
async fn scheduled_run(conn: &mut PgConnection, tenant: TenantId) -> Result<Option<JobId>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select job_id as "job_id: JobId" from ingestion_jobs
           where tenant_id = $1 and status in ('queued', 'processing') and is_scheduled
           order by created_at limit 1"#,
        tenant.0,
    )
    .fetch_optional(conn)
    .await
}

/// Sets every time that is still to come by the tenant's clocks of today.
///
/// # Errors
/// The database is away.
pub async fn align_all(pool: &PgPool, now: DateTime<Utc>) -> anyhow::Result<()> {
    let tenants = sqlx::query_scalar!(
        r#"select tenant_id as "tenant_id: TenantId" from due_work where kind = 'ingest' and due_at > $1"#,
        now,
    )
    .fetch_all(pool)
    .await?;
    for tenant in tenants {
        let mut tx = TenantTx::begin(pool, tenant).await?;
        if !save::try_lock(tx.conn(), tenant).await? {
            continue;
        }
        let source = load(tx.conn(), tenant).await?;
        due::align(tx.conn(), &source, schedule_of(&source)?.as_ref(), now, false).await?;
        tx.commit().await?;
    }
    Ok(())
}
