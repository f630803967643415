//! Begins a send: checks the day and the branches, and queues one row per mail.

use chrono::NaiveDate;
use common::{
    auth::Actor,
    db::TenantTx,
    http::ApiError,
    ids::{JobId, TenantId},
};
use sqlx::PgConnection;

/// What made the send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendOrigin {
    Send,
    Schedule,
    Resend,
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
    _tx: &mut TenantTx,
    _settings: &common::config::Settings,
    _sealer: &common::secrets::Sealer,
    _new: &NewSend<'_>,
) -> Result<Started, ApiError> {
    Err(ApiError::Internal(anyhow::anyhow!("not there yet")))
}

/// Whether the day's data are there: it has events, and they are not those of an unfinished day (GA4's intraday table).
///
/// # Errors
/// The database is away.
pub(crate) async fn data_is_there(
    _conn: &mut PgConnection,
    _tenant: TenantId,
    _day: NaiveDate,
) -> Result<bool, sqlx::Error> {
    Ok(false)
}
