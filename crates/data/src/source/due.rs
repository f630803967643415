//! The row by which a worker finds a tenant whose source is due. It holds a time, and nothing of the tenant's.

use chrono::{DateTime, TimeDelta, Utc};
use common::ids::TenantId;
use common::schedule::Schedule;
use sqlx::PgConnection;

use super::stored::StoredSource;

/// How long a run that is due waits for another one to end before it is looked at again.
pub const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(60);

/// Brings the row in line with the schedule: none without one, else the next time after `now` by the tenant's clocks. A run
/// that is due or waits for another one stays so, unless the schedule itself `is_new`.
///
/// # Errors
/// The database is away.
pub async fn align(
    conn: &mut PgConnection,
    source: &StoredSource,
    schedule: Option<&Schedule>,
    now: DateTime<Utc>,
    is_new: bool,
) -> Result<(), sqlx::Error> {
    let Some(next) = schedule.and_then(|schedule| schedule.next_after(now, source.time_zone)) else {
        return remove(conn, source.tenant).await;
    };
    sqlx::query!(
        "insert into due_work (tenant_id, kind, due_at) values ($1, 'ingest', $2)
         on conflict (tenant_id, kind) do update
             set due_at = excluded.due_at
             where $3 or due_work.due_at > $4",
        source.tenant.0,
        next,
        is_new,
        now + LOOK_AGAIN,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When the tenant's source is due; none without a schedule.
///
/// # Errors
/// The database is away.
pub async fn due_at(conn: &mut PgConnection, tenant: TenantId) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    sqlx::query_scalar!("select due_at from due_work where tenant_id = $1 and kind = 'ingest'", tenant.0)
        .fetch_optional(conn)
        .await
}

/// Nothing is due any more.
///
/// # Errors
/// The database is away.
pub async fn remove(conn: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from due_work where tenant_id = $1 and kind = 'ingest'", tenant.0).execute(conn).await?;
    Ok(())
}

/// Another time to look at it.
///
/// # Errors
/// The database is away.
pub async fn put_off(conn: &mut PgConnection, tenant: TenantId, until: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!("update due_work set due_at = $2 where tenant_id = $1 and kind = 'ingest'", tenant.0, until)
        .execute(conn)
        .await?;
    Ok(())
}
