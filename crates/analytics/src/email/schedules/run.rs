//! Runs as the database holds them: one row for each time a schedule came round, written once.

use chrono::{DateTime, NaiveDate, Utc};
use common::ids::{JobId, ScheduleId, TenantId};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::ToSchema;

/// What became of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "text", rename_all = "snake_case")]
pub(super) enum RunStatus {
    /// For the day's data, or for another try.
    Waiting,
    Sent,
    /// The waiting ended without the day's data, and the reports went out with a note.
    SentWithoutData,
    /// Noticed later than its window allows.
    SkippedMissed,
    SkippedWithoutData,
    Failed,
}

/// How a run ended, or goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) status: RunStatus,
    /// Only of one that waits.
    pub(super) waits_until: Option<DateTime<Utc>>,
    pub(super) job: Option<JobId>,
    pub(super) message: Option<String>,
}

impl Outcome {
    /// It ended without a send.
    pub(super) fn ended(status: RunStatus, message: impl Into<String>) -> Self {
        Self { status, waits_until: None, job: None, message: Some(message.into()) }
    }
}

/// A run that waits.
#[derive(Debug, Clone)]
pub(super) struct WaitingRun {
    pub(super) schedule_id: ScheduleId,
    pub(super) due_at: DateTime<Utc>,
    pub(super) report_date: NaiveDate,
    pub(super) waits_until: DateTime<Utc>,
}

/// Whether the run at this time is there already.
///
/// # Errors
/// The database is away.
pub(super) async fn exists(
    conn: &mut PgConnection,
    tenant: TenantId,
    schedule: ScheduleId,
    due_at: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (
             select from report_runs where tenant_id = $1 and schedule_id = $2 and due_at = $3) as "exists!""#,
        tenant.0,
        schedule.0,
        due_at,
    )
    .fetch_one(conn)
    .await
}

/// Writes a run and how it stands, or how one that waited stands now. A run that ended is never written again.
///
/// # Errors
/// The database is away.
pub(super) async fn write(
    conn: &mut PgConnection,
    tenant: TenantId,
    (schedule, due_at, report_date): (ScheduleId, DateTime<Utc>, NaiveDate),
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    let Outcome { status, waits_until, job, message } = outcome;
    sqlx::query!(
        "insert into report_runs as r (tenant_id, schedule_id, due_at, report_date, status, waits_until, job_id, message,
             decided_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         on conflict (tenant_id, schedule_id, due_at) do update
             set status = excluded.status, waits_until = excluded.waits_until, job_id = excluded.job_id,
                 message = excluded.message, decided_at = excluded.decided_at
             where r.status = 'waiting'",
        tenant.0,
        schedule.0,
        due_at,
        report_date,
        *status as RunStatus,
        *waits_until,
        job.map(JobId::uuid),
        message.as_deref(),
        (*status != RunStatus::Waiting).then_some(now),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The next run that waits, after the one looked at last.
///
/// # Errors
/// The database is away.
pub(super) async fn next_waiting(
    conn: &mut PgConnection,
    tenant: TenantId,
    after: Option<(DateTime<Utc>, ScheduleId)>,
) -> Result<Option<WaitingRun>, sqlx::Error> {
    let (due_at, schedule) = after.unzip();
    sqlx::query_as!(
        WaitingRun,
        r#"select schedule_id as "schedule_id: ScheduleId", due_at, report_date,
             coalesce(waits_until, due_at) as "waits_until!"
         from report_runs
         where tenant_id = $1 and status = 'waiting' and ($2::timestamptz is null or (due_at, schedule_id) > ($2, $3))
         order by due_at, schedule_id
         limit 1"#,
        tenant.0,
        due_at,
        schedule.map(ScheduleId::uuid),
    )
    .fetch_optional(conn)
    .await
}

/// Ends what waits of a schedule; `only` = just the runs about this day.
///
/// # Errors
/// The database is away.
pub(super) async fn end_waiting(
    conn: &mut PgConnection,
    tenant: TenantId,
    schedule: ScheduleId,
    only: Option<NaiveDate>,
    message: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update report_runs set status = 'skipped_without_data', message = $4, decided_at = $5, waits_until = null
         where tenant_id = $1 and schedule_id = $2 and status = 'waiting' and ($3::date is null or report_date = $3)",
        tenant.0,
        schedule.0,
        only,
        message,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}
