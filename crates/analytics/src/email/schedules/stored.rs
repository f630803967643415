//! Schedules as the database holds them.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use common::{
    auth::Actor,
    ids::{AccountId, ScheduleId, TenantId},
    schedule::Schedule,
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::ToSchema;

/// What becomes of a run whose day has no data when the waiting ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema, sqlx::Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub(super) enum WithoutData {
    /// The reports go out with a note that says so.
    Send,
    /// Nothing is sent.
    Skip,
}

/// A schedule.
#[derive(Debug, Clone)]
pub(super) struct StoredSchedule {
    pub(super) schedule_id: ScheduleId,
    pub(super) name: Option<String>,
    pub(super) cron: String,
    /// `None` = the tenant's.
    pub(super) time_zone: Option<String>,
    /// `None` = every mapped branch.
    pub(super) branch_codes: Option<Vec<String>>,
    pub(super) is_enabled: bool,
    /// How many days before a run its report day is.
    pub(super) days_back: i32,
    pub(super) wait_minutes: i32,
    pub(super) without_data: WithoutData,
    pub(super) window_minutes: i32,
    pub(super) next_run_at: Option<DateTime<Utc>>,
}

/// When a schedule comes, and by whose clocks.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    pub(super) schedule: Schedule,
    pub(super) zone: Tz,
    days_back: i32,
}

impl Clock {
    pub(super) fn next_after(&self, instant: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.schedule.next_after(instant, self.zone)
    }

    /// The day that the run at this time is about.
    pub(super) fn report_date(&self, due_at: DateTime<Utc>) -> NaiveDate {
        due_at.with_timezone(&self.zone).date_naive() - TimeDelta::days(i64::from(self.days_back))
    }

    /// A time as the schedule's clocks show it, for people.
    pub(super) fn show(&self, instant: DateTime<Utc>) -> String {
        instant.with_timezone(&self.zone).format("%Y-%m-%d %H:%M").to_string()
    }
}

impl StoredSchedule {
    /// # Errors
    /// What is stored cannot be read, in words: another build may have written it.
    pub(super) fn clock(&self, tenant_zone: Tz) -> Result<Clock, String> {
        let schedule =
            Schedule::parse(&self.cron).map_err(|fault| format!("The cron line `{}` {fault}.", self.cron))?;
        let zone = match &self.time_zone {
            None => tenant_zone,
            Some(name) => name.parse().map_err(|_| format!("The time zone {name} is not known."))?,
        };
        Ok(Clock { schedule, zone, days_back: self.days_back })
    }

    /// Who sends, for the audit log.
    pub(super) fn actor(&self) -> Actor {
        let name = self.name.clone().unwrap_or_else(|| self.schedule_id.to_string());
        Actor { account_id: None, name: format!("schedule {name}"), ip: None }
    }

    pub(super) fn wait(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.wait_minutes))
    }

    pub(super) fn window(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.window_minutes))
    }
}

/// Of a tenant, what its schedules go by.
#[derive(Debug, Clone, Copy)]
pub(super) struct TenantClock {
    pub(super) zone: Tz,
    pub(super) is_active: bool,
}

/// # Errors
/// The database is away, or holds a time zone that this build does not know.
pub(super) async fn tenant_clock(conn: &mut PgConnection, tenant: TenantId) -> anyhow::Result<TenantClock> {
    let row =
        sqlx::query!("select time_zone, is_active from tenants where tenant_id = $1", tenant.0).fetch_one(conn).await?;
    let zone = row.time_zone.parse().map_err(|_| anyhow::anyhow!("the time zone {} is not known", row.time_zone))?;
    Ok(TenantClock { zone, is_active: row.is_active })
}

/// The tenant's schedules in the order of their next times; `only` = just this one; `due` = those that are due at this time.
///
/// # Errors
/// The database is away.
pub(super) async fn load(
    conn: &mut PgConnection,
    tenant: TenantId,
    only: Option<ScheduleId>,
    due: Option<DateTime<Utc>>,
) -> Result<Vec<StoredSchedule>, sqlx::Error> {
    sqlx::query_as!(
        StoredSchedule,
        r#"select schedule_id as "schedule_id: ScheduleId", name, cron, time_zone, branch_codes, is_enabled, days_back,
             wait_minutes, without_data as "without_data: WithoutData", window_minutes, next_run_at
         from report_schedules
         where tenant_id = $1 and ($2::uuid is null or schedule_id = $2)
             and ($3::timestamptz is null or (is_enabled and next_run_at <= $3))
         order by next_run_at, schedule_id"#,
        tenant.0,
        only.map(ScheduleId::uuid),
        due,
    )
    .fetch_all(conn)
    .await
}

/// Writes a new schedule, or all of one that is there.
///
/// # Errors
/// The database is away.
pub(super) async fn save(
    conn: &mut PgConnection,
    tenant: TenantId,
    schedule: &StoredSchedule,
    by: Option<AccountId>,
) -> Result<(), sqlx::Error> {
    let StoredSchedule {
        schedule_id,
        name,
        cron,
        time_zone,
        branch_codes,
        is_enabled,
        days_back,
        wait_minutes,
        without_data,
        window_minutes,
        next_run_at,
    } = schedule;
    sqlx::query!(
        "insert into report_schedules (tenant_id, schedule_id, name, cron, time_zone, branch_codes, is_enabled, days_back,
             wait_minutes, without_data, window_minutes, next_run_at, created_by, updated_by)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)
         on conflict (tenant_id, schedule_id) do update
             set name = excluded.name, cron = excluded.cron, time_zone = excluded.time_zone,
                 branch_codes = excluded.branch_codes, is_enabled = excluded.is_enabled, days_back = excluded.days_back,
                 wait_minutes = excluded.wait_minutes, without_data = excluded.without_data,
                 window_minutes = excluded.window_minutes, next_run_at = excluded.next_run_at,
                 updated_by = excluded.updated_by, updated_at = now()",
        tenant.0,
        schedule_id.0,
        name.as_deref(),
        cron,
        time_zone.as_deref(),
        branch_codes.as_deref(),
        is_enabled,
        days_back,
        wait_minutes,
        *without_data as WithoutData,
        window_minutes,
        *next_run_at,
        by.map(|by| by.0),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets the next time alone; `None` = never.
///
/// # Errors
/// The database is away.
pub(super) async fn set_next(
    conn: &mut PgConnection,
    tenant: TenantId,
    schedule: ScheduleId,
    next: Option<DateTime<Utc>>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update report_schedules set next_run_at = $3 where tenant_id = $1 and schedule_id = $2",
        tenant.0,
        schedule.0,
        next,
    )
    .execute(conn)
    .await?;
    Ok(())
}
