//! What becomes of one run: decided, written and acted upon in one transaction, so that whoever dies in between has done
//! nothing.

use chrono::{DateTime, NaiveDate, Utc};
use common::{
    config::Settings,
    db::TenantTx,
    http::{ApiError, FieldError},
    ids::{JobId, TenantId},
    secrets::Sealer,
};

use super::{
    missed::missed,
    run::{self, Outcome, RunStatus, WaitingRun},
    stored::{self, StoredSchedule, TenantClock, WithoutData},
};
use crate::email::sending::{NewSend, SendOrigin, Started, data_is_there, start};

/// Who decides, and at what time.
#[derive(Clone, Copy)]
pub(super) struct Decider<'a> {
    pub(super) settings: &'a Settings,
    pub(super) sealer: &'a Sealer,
    pub(super) tenant: TenantId,
    pub(super) clock: TenantClock,
    pub(super) now: DateTime<Utc>,
}

/// Why no send was made.
enum Fault {
    /// It will not be otherwise the next time; in words for people.
    Lasting(String),
    /// Something of ours that may pass.
    Passing,
}

impl Decider<'_> {
    /// Decides on the first run of the schedule that is due, or on all that were missed, and sets its next time. Answers the
    /// job, where one was made.
    ///
    /// # Errors
    /// The database is away: nothing is to be committed.
    pub(super) async fn due(self, tx: &mut TenantTx, schedule: &StoredSchedule) -> anyhow::Result<Option<JobId>> {
        let (tenant, id, now) = (self.tenant, schedule.schedule_id, self.now);
        let Some(due_at) = schedule.next_run_at else { return Ok(None) };
        let clock = match schedule.clock(self.clock.zone) {
            Ok(clock) => clock,
            Err(fault) => {
                let day = due_at.with_timezone(&self.clock.zone).date_naive();
                let outcome = Outcome::ended(RunStatus::Failed, format!("The schedule cannot be read. {fault}"));
                run::write(tx.conn(), tenant, (id, due_at, day), &outcome, now).await?;
                stored::set_next(tx.conn(), tenant, id, None).await?;
                return Ok(None);
            }
        };
        let missed = missed(&clock, due_at, now, schedule.window());
        if !missed.noted.is_empty() {
            for (due_at, message) in missed.noted.iter().zip(missed.messages(&clock, now, schedule.window())) {
                let outcome = Outcome::ended(RunStatus::SkippedMissed, message);
                let at = (id, *due_at, clock.report_date(*due_at));
                run::write(tx.conn(), tenant, at, &outcome, now).await?;
            }
            stored::set_next(tx.conn(), tenant, id, missed.next).await?;
            return Ok(None);
        }
        let next = clock.next_after(due_at);
        stored::set_next(tx.conn(), tenant, id, next).await?;
        if run::exists(tx.conn(), tenant, id, due_at).await? {
            return Ok(None);
        }
        let day = clock.report_date(due_at);
        let outcome = match next.filter(|next| *next <= now && clock.report_date(*next) == day) {
            Some(next) => {
                let words = format!(
                    "The run of {}, about the same day, came round as well and took its place.",
                    clock.show(next)
                );
                Outcome::ended(RunStatus::SkippedMissed, words)
            }
            None => {
                let words = format!("The run of {}, about the same day, took its place.", clock.show(due_at));
                run::end_waiting(tx.conn(), tenant, id, Some(day), &words, now).await?;
                self.outcome(tx, schedule, day, (due_at + schedule.wait(), due_at + schedule.window())).await?
            }
        };
        run::write(tx.conn(), tenant, (id, due_at, day), &outcome, now).await?;
        Ok(outcome.job)
    }

    /// Decides on a run that waits; it may wait on. Answers the job, where one was made.
    ///
    /// # Errors
    /// The database is away: nothing is to be committed.
    pub(super) async fn waiting(self, tx: &mut TenantTx, waiting: &WaitingRun) -> anyhow::Result<Option<JobId>> {
        let WaitingRun { schedule_id, due_at, report_date, waits_until } = *waiting;
        let schedule = stored::load(tx.conn(), self.tenant, Some(schedule_id), None).await?.pop();
        let outcome = match schedule.filter(|schedule| schedule.is_enabled) {
            None => {
                Outcome::ended(RunStatus::SkippedWithoutData, "The schedule was removed or switched off meanwhile.")
            }
            Some(schedule) => self.outcome(tx, &schedule, report_date, (waits_until, waits_until)).await?,
        };
        run::write(tx.conn(), self.tenant, (schedule_id, due_at, report_date), &outcome, self.now).await?;
        Ok(outcome.job)
    }

    /// How a run about this day stands: data are waited for until the first instant, and a fault of ours to pass until the
    /// later of both.
    async fn outcome(
        self,
        tx: &mut TenantTx,
        schedule: &StoredSchedule,
        day: NaiveDate,
        (data_until, try_until): (DateTime<Utc>, DateTime<Utc>),
    ) -> anyhow::Result<Outcome> {
        if !self.clock.is_active {
            return Ok(Outcome::ended(RunStatus::Failed, "The tenant was not active."));
        }
        let has_data = data_is_there(tx.conn(), self.tenant, day).await?;
        let note = format!("The data of {} were not complete when this report was sent.", day.format("%A %-d %B"));
        let (note, status) = match (has_data, schedule.without_data) {
            (true, _) => (None, RunStatus::Sent),
            (false, _) if self.now < data_until => {
                let message = format!("The data of {day} are not there yet.");
                let waits_until = Some(data_until);
                return Ok(Outcome { status: RunStatus::Waiting, waits_until, job: None, message: Some(message) });
            }
            (false, WithoutData::Send) => (Some(note.as_str()), RunStatus::SentWithoutData),
            (false, WithoutData::Skip) => {
                let message = format!("The data of {day} were not there when the waiting ended.");
                return Ok(Outcome::ended(RunStatus::SkippedWithoutData, message));
            }
        };
        Ok(match self.send(tx, schedule, day, note).await? {
            Ok(started) => Outcome { status, waits_until: None, job: Some(started.job_id), message: remark(&started) },
            Err(Fault::Lasting(words)) => Outcome::ended(RunStatus::Failed, words),
            Err(Fault::Passing) if self.now < data_until.max(try_until) => Outcome {
                status: RunStatus::Waiting,
                waits_until: Some(data_until.max(try_until)),
                job: None,
                message: Some(String::from("A fault on our side; it is tried again.")),
            },
            Err(Fault::Passing) => {
                Outcome::ended(RunStatus::Failed, "A fault on our side that did not pass; the service's log has more.")
            }
        })
    }

    /// The send, of which nothing is left where it cannot be made.
    async fn send(
        self,
        tx: &mut TenantTx,
        schedule: &StoredSchedule,
        day: NaiveDate,
        note: Option<&str>,
    ) -> Result<Result<Started, Fault>, sqlx::Error> {
        let actor = schedule.actor();
        let new = NewSend {
            tenant: self.tenant,
            report_date: day,
            branch_codes: schedule.branch_codes.as_deref(),
            visible: None,
            force: false,
            allow_empty: note.is_some(),
            origin: SendOrigin::Schedule,
            note,
            actor: &actor,
        };
        sqlx::query("savepoint before_send").execute(tx.conn()).await?;
        let error = match start(tx, self.settings, self.sealer, &new).await {
            Ok(started) => return Ok(Ok(started)),
            Err(error) => error,
        };
        sqlx::query("rollback to savepoint before_send").execute(tx.conn()).await?;
        let fault = words(&error).map_or(Fault::Passing, Fault::Lasting);
        if let Fault::Passing = fault {
            tracing::error!(tenant = %self.tenant, schedule = %schedule.schedule_id, %error, "a scheduled send could not be made");
        }
        Ok(Err(fault))
    }
}

/// What is to be told of a send that was made.
fn remark(started: &Started) -> Option<String> {
    let Started { job_id: _, total_emails, skipped_branches } = started;
    let mut remarks = Vec::new();
    if *total_emails == 0 {
        remarks.push(String::from("There was nothing left to send."));
    }
    if !skipped_branches.is_empty() {
        remarks.push(format!("Nobody receives these branches: {}.", skipped_branches.join(", ")));
    }
    (!remarks.is_empty()).then(|| remarks.join(" "))
}

/// What a person would be told; none where it is our own fault.
fn words(error: &ApiError) -> Option<String> {
    match error {
        ApiError::Invalid(faults) => {
            let words = |FieldError { field, message }: &FieldError| format!("{field}: {message}");
            Some(faults.iter().map(words).collect::<Vec<_>>().join("; "))
        }
        ApiError::Malformed(words)
        | ApiError::Unauthorized(words)
        | ApiError::Forbidden(words)
        | ApiError::NotFound(words)
        | ApiError::Conflict(words) => Some(words.clone()),
        ApiError::Problem(problem) => Some(problem.detail.clone()),
        ApiError::TooLarge
        | ApiError::UnsupportedMedia
        | ApiError::TooManyRequests { .. }
        | ApiError::Unavailable(_)
        | ApiError::Internal(_) => None,
    }
}
