//! A send as the API shows it: counted from its mails while it runs, as written down at its end afterwards.

use chrono::{DateTime, NaiveDate, Utc};
use common::{
    http::ApiError,
    ids::{JobId, TenantId},
};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;
use utoipa::ToSchema;

/// Where a send stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum JobStatus {
    Queued,
    Processing,
    /// Somebody paused it: no mail of it is begun.
    Paused,
    Completed,
    /// Some mails failed, or their outcome is unknown.
    CompletedWithErrors,
    /// No mail could be sent.
    Failed,
    Cancelled,
}

impl JobStatus {
    pub(super) const ALL: [Self; 7] = [
        Self::Queued,
        Self::Processing,
        Self::Paused,
        Self::Completed,
        Self::CompletedWithErrors,
        Self::Failed,
        Self::Cancelled,
    ];

    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::CompletedWithErrors => "completed_with_errors",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }
}

/// A send.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct JobView {
    pub(super) job_id: JobId,
    pub(super) status: JobStatus,
    tenant_id: TenantId,
    report_date: NaiveDate,
    /// As asked for; empty = every mapped branch.
    target_branches: Vec<String>,
    pub(super) total_emails: i64,
    emails_sent: i64,
    emails_failed: i64,
    /// Waiting for their turn or for their next try, or being sent.
    emails_queued: i64,
    /// They may have arrived or not.
    emails_unknown: i64,
    emails_suppressed: i64,
    emails_cancelled: i64,
    /// Asked for, and nobody with an enabled mapping receives them.
    pub(super) skipped_branches: Vec<String>,
    /// In a sentence.
    pub(super) message: String,
    /// From 1; each `force` is one more.
    generation: i32,
    /// `send`, `schedule` or `resend`
    origin: String,
    /// What is shown at the head of each of its mails.
    note: Option<String>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    completed_at: Option<DateTime<Utc>>,
    /// Why it failed, or why it waits.
    error_message: Option<String>,
}

/// The newest first: those of a status, or the one that is named. `visible` are the branches that who asks may see: a send
/// that was asked for any other, has a mail about one, or was of all branches for somebody who sees more, is none of theirs.
///
/// # Errors
/// The database is away.
pub(super) async fn jobs(
    conn: &mut PgConnection,
    tenant: TenantId,
    job: Option<JobId>,
    status: Option<JobStatus>,
    visible: Option<&[String]>,
    offset: i64,
    limit: i64,
) -> Result<Vec<JobView>, ApiError> {
    let rows = sqlx::query!(
        r#"select j.job_id as "job_id: JobId", j.status, j.report_date, j.target_branches, j.skipped_branches, j.generation,
             j.origin, j.note, j.created_at, j.started_at, j.completed_at, j.error_message, j.total_emails,
             case when j.completed_at is null then c.sent else j.emails_sent end as "sent!",
             case when j.completed_at is null then c.failed + j.emails_failed else j.emails_failed end as "failed!",
             case when j.completed_at is null then c.open else 0 end as "open!",
             case when j.completed_at is null then c.unknown else j.emails_unknown end as "unknown!",
             case when j.completed_at is null then c.suppressed + j.emails_suppressed else j.emails_suppressed end as "suppressed!",
             case when j.completed_at is null then c.cancelled + j.emails_cancelled else j.emails_cancelled end as "cancelled!"
         from email_sending_jobs j
         left join lateral (
             select count(*) filter (where h.status = 'sent') as sent,
                 count(*) filter (where h.status = 'failed') as failed,
                 count(*) filter (where h.status in ('queued', 'sending')) as open,
                 count(*) filter (where h.status = 'unknown') as unknown,
                 count(*) filter (where h.status = 'suppressed') as suppressed,
                 count(*) filter (where h.status = 'cancelled') as cancelled
             from email_send_history h
             where j.completed_at is null and h.tenant_id = $1 and h.job_id = j.job_id) c on true
         where j.tenant_id = $1 and ($2::uuid is null or j.job_id = $2) and ($3::text is null or j.status = $3)
             and ($4::text[] is null or (j.scope <@ $4 or j.target_branches <> '{}' and j.target_branches <@ $4)
                 and j.skipped_branches <@ $4 and not exists (
                 select from email_send_history h
                 where h.tenant_id = $1 and h.job_id = j.job_id and h.branch_set not in (
                     select s.branch_set from email_branch_sets s where s.tenant_id = $1 and s.branch_codes <@ $4)))
         order by j.created_at desc, j.job_id desc
         offset $5 limit $6"#,
        tenant.uuid(),
        job.map(JobId::uuid),
        status.map(JobStatus::as_str),
        visible,
        offset,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let status =
                JobStatus::named(&row.status).ok_or_else(|| anyhow::anyhow!("a job has the status {}", row.status))?;
            let mut view = JobView {
                job_id: row.job_id,
                status,
                tenant_id: tenant,
                report_date: row.report_date,
                target_branches: row.target_branches,
                total_emails: i64::from(row.total_emails),
                emails_sent: row.sent,
                emails_failed: row.failed,
                emails_queued: row.open,
                emails_unknown: row.unknown,
                emails_suppressed: row.suppressed,
                emails_cancelled: row.cancelled,
                skipped_branches: row.skipped_branches,
                message: String::new(),
                generation: row.generation,
                origin: row.origin,
                note: row.note,
                created_at: row.created_at,
                started_at: row.started_at,
                completed_at: row.completed_at,
                error_message: row.error_message,
            };
            view.message = message(&view);
            Ok(view)
        })
        .collect()
}

/// How many there are.
///
/// # Errors
/// The database is away.
pub(super) async fn count(
    conn: &mut PgConnection,
    tenant: TenantId,
    status: Option<JobStatus>,
    visible: Option<&[String]>,
) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from email_sending_jobs j
         where j.tenant_id = $1 and ($2::text is null or j.status = $2)
             and ($3::text[] is null or (j.scope <@ $3 or j.target_branches <> '{}' and j.target_branches <@ $3)
                 and j.skipped_branches <@ $3 and not exists (
                 select from email_send_history h
                 where h.tenant_id = $1 and h.job_id = j.job_id and h.branch_set not in (
                     select s.branch_set from email_branch_sets s where s.tenant_id = $1 and s.branch_codes <@ $3)))"#,
        tenant.uuid(),
        status.map(JobStatus::as_str),
        visible,
    )
    .fetch_one(conn)
    .await
}

/// The one that is named.
///
/// # Errors
/// 404 where there is none that who asks may see.
pub(super) async fn job(
    conn: &mut PgConnection,
    tenant: TenantId,
    job: JobId,
    visible: Option<&[String]>,
) -> Result<JobView, ApiError> {
    let found = jobs(conn, tenant, Some(job), None, visible, 0, 1).await?.pop();
    found.ok_or_else(|| ApiError::NotFound(format!("There is no send {job}.")))
}

fn message(view: &JobView) -> String {
    let of = |count: i64, what: &str| match count {
        0 => None,
        1 => Some(format!("1 mail {what}")),
        n => Some(format!("{n} mails {what}")),
    };
    let parts: Vec<String> = [
        of(view.emails_sent, "sent"),
        of(view.emails_queued, "waiting"),
        of(view.emails_failed, "failed"),
        of(view.emails_unknown, "with an unknown outcome"),
        of(view.emails_suppressed, "suppressed"),
        of(view.emails_cancelled, "cancelled"),
    ]
    .into_iter()
    .flatten()
    .collect();
    if !parts.is_empty() {
        return format!("{}.", parts.join(", "));
    }
    String::from(
        "Nothing to send: nobody is mapped to these branches, or everybody has these reports already (force sends them again).",
    )
}
