//! Writes a tenant's source.

use chrono::{DateTime, Utc};
use common::ids::{AccountId, JobId, TenantId};
use serde_json::Value;
use sqlx::PgConnection;

use super::stored::{StoredList, StoredSource};
use crate::events::limits::EventLimits;

/// Makes the tenant's row where there is none, and holds it until the transaction ends: of two changes at once, the second
/// one sees the first.
///
/// # Errors
/// The database is away.
pub(super) async fn lock(conn: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("insert into sources (tenant_id) values ($1) on conflict do nothing", tenant.0)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("select from sources where tenant_id = $1 for update", tenant.0).execute(conn).await?;
    Ok(())
}

/// Holds the tenant's row until the transaction ends; false where there is none, or somebody else holds it. Whoever needs
/// both takes this row before that of due work.
///
/// # Errors
/// The database is away.
pub(super) async fn try_lock(conn: &mut PgConnection, tenant: TenantId) -> Result<bool, sqlx::Error> {
    let row = sqlx::query!("select from sources where tenant_id = $1 for update skip locked", tenant.0)
        .fetch_optional(conn)
        .await?;
    Ok(row.is_some())
}

/// Writes all of it but the runs, which the schedule writes.
///
/// # Errors
/// The database is away.
pub(super) async fn save(conn: &mut PgConnection, source: &StoredSource, by: Option<AccountId>) -> anyhow::Result<()> {
    let place = |list: &Option<StoredList>| list.as_ref().map(|list| serde_json::to_value(&list.source)).transpose();
    let sealed = |list: &Option<StoredList>| list.as_ref().and_then(|list| list.sealed.clone());
    sqlx::query!(
        "update sources
         set kind = $2, settings = $3, sealed_key = $4, key_email = $5, key_id = $6, users_source = $7,
             sealed_users_secret = $8, locations_source = $9, sealed_locations_secret = $10, cron = $11,
             is_scheduled = $12, refresh_days = $13, event_limits = $14, updated_at = now(), updated_by = $15
         where tenant_id = $1",
        source.tenant.0,
        source.config.kind().as_str(),
        source.config.settings()?,
        source.key.as_ref().map(|key| key.sealed.as_slice()),
        source.key.as_ref().map(|key| key.client_email.as_str()),
        source.key.as_ref().map(|key| key.private_key_id.as_str()),
        place(&source.users)?,
        sealed(&source.users),
        place(&source.locations)?,
        sealed(&source.locations),
        source.schedule.cron,
        source.schedule.enabled,
        i32::from(source.schedule.refresh_days),
        limits(&source.events)?,
        by.map(|by| by.0),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What differs from Google's own limits: the rest follows Google's when these change.
fn limits(limits: &EventLimits) -> serde_json::Result<Value> {
    let google = serde_json::to_value(EventLimits::default())?;
    let mut limits = serde_json::to_value(limits)?;
    if let Some(limits) = limits.as_object_mut() {
        limits.retain(|name, limit| google[name.as_str()] != *limit);
    }
    Ok(limits)
}

/// Notes a run of the schedule.
///
/// # Errors
/// The database is away.
pub(super) async fn ran(
    conn: &mut PgConnection,
    tenant: TenantId,
    at: DateTime<Utc>,
    job: JobId,
) -> Result<(), sqlx::Error> {
    sqlx::query!("update sources set last_run_at = $2, last_job_id = $3 where tenant_id = $1", tenant.0, at, job.0,)
        .execute(conn)
        .await?;
    Ok(())
}
