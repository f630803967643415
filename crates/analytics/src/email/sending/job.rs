//! A send's row, and the queue entry that has its mails worked off.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use common::{
    auth::Actor,
    ids::{JobId, TenantId},
    jobs::{self, Job, JobsError},
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use super::start::SendOrigin;

/// What is queued: whose mails are waiting, and nothing of them. One run of a tenant at a time.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct DeliverTask {
    pub(crate) tenant_id: TenantId,
}

impl Job for DeliverTask {
    const NAME: &'static str = "mail.deliver";
}

/// A send to be stored.
#[derive(Debug)]
pub(super) struct NewJob<'a> {
    pub(super) tenant: TenantId,
    pub(super) job_id: JobId,
    pub(super) report_date: NaiveDate,
    pub(super) target_branches: &'a [String],
    /// The branches that who asks may see; `None` = all.
    pub(super) scope: Option<&'a [String]>,
    pub(super) skipped_branches: &'a [String],
    pub(super) generation: i32,
    pub(super) total: usize,
    pub(super) allow_empty: bool,
    pub(super) origin: SendOrigin,
    pub(super) note: Option<&'a str>,
    pub(super) actor: &'a Actor,
}

/// Inserts it.
///
/// # Errors
/// The database is away.
pub(super) async fn create(conn: &mut PgConnection, new: &NewJob<'_>) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into email_sending_jobs (tenant_id, job_id, report_date, target_branches, skipped_branches, generation,
             total_emails, allow_empty, origin, note, created_by, scope)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        new.tenant.uuid(),
        new.job_id.uuid(),
        new.report_date,
        new.target_branches,
        new.skipped_branches,
        new.generation,
        i32::try_from(new.total).unwrap_or(i32::MAX),
        new.allow_empty,
        new.origin.as_str(),
        new.note,
        new.actor.account_id.map(|account| account.uuid()),
        new.scope,
    )
    .execute(conn)
    .await
    .map(|_| ())
}

/// After this the queue's entry should have been worked off or put anew; where it was not, it was lost.
const LOST_AFTER: TimeDelta = TimeDelta::minutes(10);

/// Waits until nobody else says when the tenant's mails are to be worked off. Who looks when that has to be looks after this: what
/// others queued is seen then, or they say so later.
///
/// # Errors
/// The database is away.
pub(super) async fn alone(conn: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended('ga mails ' || $1::text, 0))", tenant.to_string())
        .execute(conn)
        .await
        .map(|_| ())
}

/// Has the tenant's waiting mails worked off, now or not before `at`, in the transaction that made them wait. What was said
/// before of when is forgotten: each run looks itself when the next one has to be.
///
/// # Errors
/// The database is away.
pub(super) async fn wake(
    conn: &mut PgConnection,
    tenant: TenantId,
    at: Option<DateTime<Utc>>,
) -> Result<(), JobsError> {
    alone(conn, tenant).await?;
    let task = serde_json::to_value(DeliverTask { tenant_id: tenant }).map_err(|e| JobsError::Queue(e.to_string()))?;
    // Key and queue are the same name: one entry that waits, and one run at a time.
    let name = format!("mail:{tenant}");
    jobs::enqueue_at(conn, DeliverTask::NAME, task, Some(&name), Some(&name), at).await?;
    sqlx::query!(
        "insert into due_work (tenant_id, kind, due_at) values ($1, 'mails', $2)
         on conflict (tenant_id, kind) do update set due_at = excluded.due_at",
        tenant.uuid(),
        at.unwrap_or_else(Utc::now) + LOST_AFTER,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// None of the tenant's mails waits.
///
/// # Errors
/// The database is away.
pub(super) async fn rest(conn: &mut PgConnection, tenant: TenantId) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from due_work where tenant_id = $1 and kind = 'mails'", tenant.uuid())
        .execute(conn)
        .await
        .map(|_| ())
}
