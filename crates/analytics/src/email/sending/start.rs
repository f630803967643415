//! Begins a send: checks the day and the branches, and queues one row per mail.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use common::{
    auth::{Actor, audit},
    config::Settings,
    db::TenantTx,
    http::{ApiError, FieldError},
    ids::{JobId, TenantId},
    secrets::Sealer,
};
use serde_json::json;
use sqlx::PgConnection;

use super::{
    job::{self, NewJob},
    queue::{self, NewMail},
    selection::{Branches, select},
    targets::targets,
};
use crate::email::{config::outlet, outlet::OutletError, report};

/// What made the send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendOrigin {
    Send,
    Schedule,
    Resend,
}

impl SendOrigin {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Schedule => "schedule",
            Self::Resend => "resend",
        }
    }
}

/// A send to be.
#[derive(Debug)]
pub(crate) struct NewSend<'a> {
    pub(crate) tenant: TenantId,
    pub(crate) report_date: NaiveDate,
    /// `None` = every mapped branch.
    pub(crate) branch_codes: Option<&'a [String]>,
    /// The branches that who asks may see; `None` = all.
    pub(crate) visible: Option<&'a [String]>,
    /// A new generation: everybody gets it again.
    pub(crate) force: bool,
    /// Also of a day without data.
    pub(crate) allow_empty: bool,
    pub(crate) origin: SendOrigin,
    /// Shown at the head of each mail.
    pub(crate) note: Option<&'a str>,
    pub(crate) actor: &'a Actor,
}

/// What was queued.
#[derive(Debug)]
pub(crate) struct Started {
    pub(crate) job_id: JobId,
    pub(crate) total_emails: u32,
    pub(crate) skipped_branches: Vec<String>,
}

/// Queues the mails in the caller's transaction, which has to be committed. Called again it queues only what failed or is new.
///
/// # Errors
/// 422 naming the day or the branches, 409 where no mail server is configured, or the database.
pub(crate) async fn start(
    tx: &mut TenantTx,
    settings: &Settings,
    sealer: &Sealer,
    new: &NewSend<'_>,
) -> Result<Started, ApiError> {
    let NewSend { tenant, report_date, branch_codes, visible, force, allow_empty, origin, note, actor } = *new;
    // Two sends at once: the second one sees the first one's mails.
    queue::lock(tx.conn(), tenant).await?;
    can_send(tx.conn(), tenant, settings, sealer).await?;
    check_day(tx.conn(), tenant, report_date, allow_empty).await?;
    let Branches { wanted, skipped, names } = select(tx.conn(), tenant, branch_codes, visible, origin).await?;
    let known = queue::of_day(tx.conn(), tenant, report_date).await?;
    let generation = if force { known.iter().map(|mail| mail.generation).max().unwrap_or(0) + 1 } else { 1 };
    let tenant_name = queue::tenant_name(tx.conn(), tenant).await?;
    let mails: Vec<NewMail> = targets(&wanted, &known, force)
        .into_iter()
        .map(|target| {
            let branches: Vec<(String, Option<String>)> =
                target.branch_codes.iter().map(|code| (code.clone(), names.get(code).cloned())).collect();
            NewMail { subject: report::subject(&tenant_name, &branches, report_date), target }
        })
        .collect();
    let job_id = JobId::generate();
    let target_branches = branch_codes.unwrap_or_default();
    job::create(
        tx.conn(),
        &NewJob {
            tenant,
            job_id,
            report_date,
            target_branches,
            scope: visible,
            skipped_branches: &skipped,
            generation,
            total: mails.len(),
            allow_empty,
            origin,
            note,
            actor,
        },
    )
    .await?;
    queue::put(tx.conn(), tenant, job_id, report_date, generation, &mails).await?;
    job::wake(tx.conn(), tenant, None).await?;
    let details = json!({
        "report_date": report_date, "branch_codes": branch_codes, "mails": mails.len(), "force": force,
        "allow_empty": allow_empty, "origin": origin.as_str(),
    });
    audit::note(tx.conn(), tenant, actor, "reports.send_started", Some(&job_id.to_string()), details).await?;
    let total_emails = u32::try_from(mails.len()).unwrap_or(u32::MAX);
    Ok(Started { job_id, total_emails, skipped_branches: skipped })
}

/// Whether there is a server to send through.
///
/// # Errors
/// 409 in words where there is none.
pub(super) async fn can_send(
    conn: &mut PgConnection,
    tenant: TenantId,
    settings: &Settings,
    sealer: &Sealer,
) -> Result<(), ApiError> {
    match outlet(conn, tenant, settings, sealer).await {
        Ok(_) => Ok(()),
        Err(OutletError::Database(error)) => Err(error.into()),
        Err(error) => Err(ApiError::Conflict(error.to_string())),
    }
}

async fn check_day(
    conn: &mut PgConnection,
    tenant: TenantId,
    day: NaiveDate,
    allow_empty: bool,
) -> Result<(), ApiError> {
    let found = sqlx::query!(
        r#"select $2 > (now() at time zone t.time_zone)::date as "is_future!",
             exists (select from day_events d where d.tenant_id = $1 and d.day = $2 and d.events > 0) as "has_events!"
         from tenants t where t.tenant_id = $1"#,
        tenant.uuid(),
        day,
    )
    .fetch_one(conn)
    .await?;
    let fault = if found.is_future {
        "is a day that has not begun yet where you are"
    } else if !found.has_events && !allow_empty {
        "is a day without data: load them first, or say allow_empty"
    } else {
        return Ok(());
    };
    Err(ApiError::Invalid(vec![FieldError::new("report_date", fault)]))
}

/// Whether the day's data are there: it has events, and they are not those of an unfinished day (GA4's intraday table), unless
/// the day itself is not over yet.
///
/// # Errors
/// The database is away.
pub(crate) async fn data_is_there(
    conn: &mut PgConnection,
    tenant: TenantId,
    day: NaiveDate,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select exists (select from day_events d where d.tenant_id = $1 and d.day = $2 and d.events > 0)
             and ($2 >= (now() at time zone t.time_zone)::date or not exists (
                 select from ingested_days i where i.tenant_id = $1 and i.day = $2 and i.shard = 'intraday')) as "is_there!"
         from tenants t where t.tenant_id = $1"#,
        tenant.uuid(),
        day,
    )
    .fetch_one(conn)
    .await
}

/// The codes that are neither a location nor mapped, as one fault each.
pub(super) fn unknown_branches(codes: &BTreeSet<String>) -> ApiError {
    let faults = codes.iter().map(|code| {
        FieldError::new("branch_codes", format!("{code} is neither a location nor a branch that anybody is mapped to"))
    });
    ApiError::Invalid(faults.collect())
}
