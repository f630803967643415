//! Schedules and their runs as the API shows them.

use chrono::{DateTime, NaiveDate, Utc};
use common::{
    http::ApiError,
    ids::{JobId, ScheduleId, TenantId},
};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::{run::RunStatus, stored::WithoutData};

/// When which reports go out, and how that went.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ScheduleView {
    pub(super) id: ScheduleId,
    pub(super) name: Option<String>,
    #[schema(example = "30 6 * * mon-fri")]
    pub(super) cron: String,
    /// Null = the tenant's.
    pub(super) time_zone: Option<String>,
    /// Null = every mapped branch.
    pub(super) branch_codes: Option<Vec<String>>,
    /// How many days before the run its report day is.
    pub(super) report_day: i32,
    pub(super) wait_minutes: i32,
    pub(super) without_data: WithoutData,
    pub(super) window_minutes: i32,
    pub(super) is_enabled: bool,
    /// Null while it is switched off.
    pub(super) next_run_at: Option<DateTime<Utc>>,
    /// The newest.
    pub(super) last_run: Option<LastRunView>,
    pub(super) created_at: DateTime<Utc>,
    pub(super) updated_at: DateTime<Utc>,
}

/// The newest run of a schedule.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct LastRunView {
    pub(super) due_at: DateTime<Utc>,
    pub(super) report_date: NaiveDate,
    pub(super) status: RunStatus,
    /// While it waits for the day's data: until when.
    pub(super) waits_until: Option<DateTime<Utc>>,
    /// The job with its mails.
    pub(super) job_id: Option<JobId>,
    pub(super) message: Option<String>,
    pub(super) decided_at: Option<DateTime<Utc>>,
}

/// A run of a schedule.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RunView {
    pub(super) schedule_id: ScheduleId,
    /// Null where the schedule has none, or is removed.
    pub(super) schedule_name: Option<String>,
    #[serde(flatten)]
    pub(super) run: LastRunView,
    pub(super) created_at: DateTime<Utc>,
}

/// Schedules, the oldest first, `limit` of them from `start` on; `only` = just this one; `visible` = those of which all
/// branches are in it.
///
/// # Errors
/// The database is away.
pub(super) async fn schedules(
    conn: &mut PgConnection,
    tenant: TenantId,
    only: Option<ScheduleId>,
    visible: Option<&[String]>,
    (start, limit): (i64, i64),
) -> Result<Vec<ScheduleView>, sqlx::Error> {
    let rows = sqlx::query!(
        r#"select s.schedule_id as "id: ScheduleId", s.name, s.cron, s.time_zone, s.branch_codes, s.days_back,
             s.wait_minutes, s.without_data as "without_data: WithoutData", s.window_minutes, s.is_enabled, s.next_run_at,
             s.created_at, s.updated_at, r.due_at as "due_at?", r.report_date as "report_date?",
             r.status as "status?: RunStatus", r.waits_until as "waits_until?", r.job_id as "job_id?: JobId",
             r.message as "message?", r.decided_at as "decided_at?"
         from report_schedules s
         left join lateral (
             select * from report_runs r
             where r.tenant_id = s.tenant_id and r.schedule_id = s.schedule_id
             order by r.due_at desc limit 1
         ) r on true
         where s.tenant_id = $1 and ($2::uuid is null or s.schedule_id = $2)
             and ($3::text[] is null or s.branch_codes <@ $3)
         order by s.created_at, s.schedule_id
         offset $4 limit $5"#,
        tenant.0,
        only.map(ScheduleId::uuid),
        visible,
        start,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let last = |due_at, report_date, status| Some((due_at?, report_date?, status?));
    Ok(rows
        .into_iter()
        .map(|row| ScheduleView {
            id: row.id,
            name: row.name,
            cron: row.cron,
            time_zone: row.time_zone,
            branch_codes: row.branch_codes,
            report_day: row.days_back,
            wait_minutes: row.wait_minutes,
            without_data: row.without_data,
            window_minutes: row.window_minutes,
            is_enabled: row.is_enabled,
            next_run_at: row.next_run_at,
            last_run: last(row.due_at, row.report_date, row.status).map(|(due_at, report_date, status)| LastRunView {
                due_at,
                report_date,
                status,
                waits_until: row.waits_until,
                job_id: row.job_id,
                message: row.message,
                decided_at: row.decided_at,
            }),
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
        .collect())
}

/// The schedule, as far as the caller may see it.
///
/// # Errors
/// 404 where there is none.
pub(super) async fn schedule(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ScheduleId,
    visible: Option<&[String]>,
) -> Result<ScheduleView, ApiError> {
    schedules(conn, tenant, Some(id), visible, (0, 1)).await?.pop().ok_or_else(no_such_schedule)
}

pub(super) fn no_such_schedule() -> ApiError {
    ApiError::NotFound(String::from("The tenant has no such schedule."))
}

/// Runs, the newest first, of all schedules or of one, as [`schedules`] tells them apart.
///
/// # Errors
/// The database is away.
pub(super) async fn runs(
    conn: &mut PgConnection,
    tenant: TenantId,
    of: Option<ScheduleId>,
    visible: Option<&[String]>,
    (start, limit): (i64, i64),
) -> Result<(Vec<RunView>, i64), sqlx::Error> {
    let total = sqlx::query_scalar!(
        r#"select count(*) as "total!" from report_runs r
         left join report_schedules s on s.tenant_id = r.tenant_id and s.schedule_id = r.schedule_id
         where r.tenant_id = $1 and ($2::uuid is null or r.schedule_id = $2)
             and ($3::text[] is null or s.branch_codes <@ $3)"#,
        tenant.0,
        of.map(ScheduleId::uuid),
        visible,
    )
    .fetch_one(&mut *conn)
    .await?;
    let rows = sqlx::query!(
        r#"select r.schedule_id as "schedule_id: ScheduleId", s.name as "name?", r.due_at, r.report_date,
             r.status as "status: RunStatus", r.waits_until, r.job_id as "job_id?: JobId", r.message, r.decided_at,
             r.created_at
         from report_runs r
         left join report_schedules s on s.tenant_id = r.tenant_id and s.schedule_id = r.schedule_id
         where r.tenant_id = $1 and ($2::uuid is null or r.schedule_id = $2)
             and ($3::text[] is null or s.branch_codes <@ $3)
         order by r.due_at desc, r.schedule_id desc
         offset $4 limit $5"#,
        tenant.0,
        of.map(ScheduleId::uuid),
        visible,
        start,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let runs = rows
        .into_iter()
        .map(|row| RunView {
            schedule_id: row.schedule_id,
            schedule_name: row.name,
            run: LastRunView {
                due_at: row.due_at,
                report_date: row.report_date,
                status: row.status,
                waits_until: row.waits_until,
                job_id: row.job_id,
                message: row.message,
                decided_at: row.decided_at,
            },
            created_at: row.created_at,
        })
        .collect();
    Ok((runs, total))
}
