//! The row by which a process finds a tenant with runs to look after. It holds a time, and nothing of the tenant's. Whoever
//! changes schedules or runs holds it: it is the lock of them all.

use chrono::{DateTime, TimeDelta, Utc};
use common::ids::TenantId;
use sqlx::PgConnection;

/// How long until a run that waits, or a tenant with a fault, is looked at again.
pub(super) const LOOK_AGAIN: TimeDelta = TimeDelta::seconds(30);

/// Holds the tenant's row until the transaction ends, made where there is none; [`align`] has to follow.
///
/// # Errors
/// The database is away.
pub(super) async fn lock(conn: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    // The update changes nothing; it waits for a row that somebody holds, and makes another one where that is removed.
    sqlx::query!(
        "insert into due_work (tenant_id, kind, due_at) values ($1, 'reports', now())
         on conflict (tenant_id, kind) do update set due_at = due_work.due_at",
        tenant.0,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Holds the row if it is due; false when another process has it, or it is due no more.
///
/// # Errors
/// The database is away.
pub(super) async fn take(conn: &mut PgConnection, tenant: TenantId, now: DateTime<Utc>) -> Result<bool, sqlx::Error> {
    let row = sqlx::query!(
        "select from due_work where tenant_id = $1 and kind = 'reports' and due_at <= $2 for update skip locked",
        tenant.0,
        now,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// Sets the row to the next time at which there is something to look at; removes it where there is none.
///
/// # Errors
/// The database is away.
pub(super) async fn align(conn: &mut PgConnection, tenant: TenantId, now: DateTime<Utc>) -> Result<(), sqlx::Error> {
    let next = sqlx::query_scalar!(
        "select min(t.at)
         from (
             select next_run_at as at from report_schedules where tenant_id = $1 and is_enabled
             union all
             select least(waits_until, $2) from report_runs where tenant_id = $1 and status = 'waiting'
         ) t",
        tenant.0,
        now + LOOK_AGAIN,
    )
    .fetch_one(&mut *conn)
    .await?;
    match next {
        None => {
            sqlx::query!("delete from due_work where tenant_id = $1 and kind = 'reports'", tenant.0)
                .execute(conn)
                .await?;
        }
        Some(next) => put_off(conn, tenant, next).await?,
    }
    Ok(())
}

/// Another time to look at the tenant.
///
/// # Errors
/// The database is away.
pub(super) async fn put_off(
    conn: &mut PgConnection,
    tenant: TenantId,
    until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!("update due_work set due_at = $2 where tenant_id = $1 and kind = 'reports'", tenant.0, until)
        .execute(conn)
        .await?;
    Ok(())
}
