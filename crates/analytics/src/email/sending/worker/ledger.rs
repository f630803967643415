//! The one writer of a run: claims before content is sent, outcomes after it. What several connections ask for at the same
//! time goes into one transaction, because each commit waits for the disk.
//!
//! Nothing is answered before it is stored. While the database is away it is tried again: a mail that the server took stays
//! `sending` until its outcome can be written, also once the service stops, and only if the process ends first does it become
//! unknown.

use std::time::Duration;

use chrono::Utc;
use common::{db::TenantTx, ids::TenantId};
use sqlx::{PgConnection, PgPool};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    backoff,
    mail::{Mail, MailKey, Outcome},
};

/// Asked for at the same time, at most.
const AT_ONCE: usize = 256;
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A mail that is about to be sent.
#[derive(Debug)]
struct Claim {
    key: MailKey,
    message_id: String,
    granted: oneshot::Sender<bool>,
}

/// What became of one.
#[derive(Debug)]
struct Settlement {
    key: MailKey,
    entry: Entry,
    stored: oneshot::Sender<()>,
}

/// The columns of an outcome.
#[derive(Debug, Clone)]
struct Entry {
    status: &'static str,
    reply: Option<String>,
    reason: Option<String>,
    next_attempt_at: Option<chrono::DateTime<Utc>>,
    /// Beside those of the claim.
    attempts: i32,
    /// The mail was claimed before; else it still waits, after so many tries.
    is_claimed: bool,
    tries: i32,
    /// The address itself was refused.
    is_bounce: bool,
}

#[derive(Debug)]
enum Ask {
    Claim(Claim),
    Settle(Settlement),
}

/// To be asked by all connections of a run. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Ledger(mpsc::Sender<Ask>);

/// The run ends before it could be stored.
#[derive(Debug, thiserror::Error)]
#[error("the service stops before the database could be written to")]
pub(super) struct Stopped;

impl Ledger {
    /// The ledger of run `run`, and what keeps it: to be polled until all clones are gone. `over` ends the waiting for a
    /// database that is away.
    pub(super) fn open(
        pool: PgPool,
        tenant: TenantId,
        run: Uuid,
        over: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send) {
        let (asks, asked) = mpsc::channel(AT_ONCE);
        (Self(asks), keep(Book { pool, tenant, run }, asked, over))
    }

    /// Claims the mail; false where it must not be sent any more: cancelled, paused, suppressed, or somebody else's.
    pub(super) async fn claim(&self, key: MailKey, message_id: String) -> Result<bool, Stopped> {
        let (granted, answer) = oneshot::channel();
        self.0.send(Ask::Claim(Claim { key, message_id, granted })).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)
    }

    /// Stores what became of the mail. `claimed` says whether the try was counted by [`Ledger::claim`].
    pub(super) async fn settle(&self, mail: &Mail, outcome: Outcome, claimed: bool) -> Result<(), Stopped> {
        let (stored, answer) = oneshot::channel();
        let settlement = Settlement { key: mail.key, entry: entry(mail, outcome, claimed), stored };
        self.0.send(Ask::Settle(settlement)).await.map_err(|_| Stopped)?;
        answer.await.map_err(|_| Stopped)
    }
}

fn entry(mail: &Mail, outcome: Outcome, claimed: bool) -> Entry {
    let counted = i32::from(!claimed);
    let blank = Entry {
        status: "queued",
        reply: None,
        reason: None,
        next_attempt_at: None,
        attempts: counted,
        is_claimed: claimed,
        tries: mail.attempts,
        is_bounce: false,
    };
    match outcome {
        Outcome::Sent { reply } => Entry { status: "sent", reply: Some(reply), ..blank },
        Outcome::Failed { reply, reason } => {
            let is_bounce = reply.as_deref().is_some_and(refuses_address);
            Entry { status: "failed", reply, reason: Some(reason), is_bounce, ..blank }
        }
        Outcome::Unknown { reason } => Entry { status: "unknown", reason: Some(reason), ..blank },
        Outcome::PutBack => Entry { attempts: counted - 1, ..blank },
        Outcome::Later { after, reply, reason } => {
            let pause = backoff::pause(mail.attempts + 1, after, rand::random());
            let next = Utc::now() + pause;
            if backoff::is_worth_it(mail.queued_at, next) {
                return Entry { reply, reason: Some(reason), next_attempt_at: Some(next), ..blank };
            }
            let reason = format!("Given up after {} tries: {reason}", mail.attempts + 1);
            Entry { status: "failed", reply, reason: Some(reason), ..blank }
        }
    }
}

/// RFC 3463: the address has no mailbox, or will never have (5.1.x, but for those of the sender).
fn refuses_address(reply: &str) -> bool {
    let status = reply.split_whitespace().nth(1).unwrap_or_default();
    ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"].contains(&status)
}

struct Book {
    pool: PgPool,
    tenant: TenantId,
    run: Uuid,
}

async fn keep(book: Book, mut asked: mpsc::Receiver<Ask>, over: CancellationToken) {
    let mut asks = Vec::with_capacity(AT_ONCE);
    while asked.recv_many(&mut asks, AT_ONCE).await > 0 {
        let (mut claims, mut settlements) = (Vec::new(), Vec::new());
        for ask in asks.drain(..) {
            match ask {
                Ask::Claim(claim) => claims.push(claim),
                Ask::Settle(settlement) => settlements.push(settlement),
            }
        }
        let mut pause = FIRST_PAUSE;
        let granted = loop {
            match book.store(&claims, &settlements).await {
                Ok(granted) => break granted,
                Err(error) => {
                    tracing::warn!(tenant = %book.tenant, %error, ?pause, "outcomes of mails cannot be stored yet");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => pause = (pause * 2).min(LONGEST_PAUSE),
                // Those who wait hear of it by their channels.
                () = over.cancelled() => return,
            }
        };
        for Claim { key, granted: answer, .. } in claims {
            // Who asked may be gone; what was stored holds.
            let _ = answer.send(granted.contains(&key.uuid()));
        }
        for Settlement { stored, .. } in settlements {
            let _ = stored.send(());
        }
    }
}

impl Book {
    /// One transaction; done twice it is the same. Answers the claims that were granted.
    async fn store(&self, claims: &[Claim], settlements: &[Settlement]) -> Result<Vec<Uuid>, sqlx::Error> {
        let mut tx = TenantTx::begin(&self.pool, self.tenant).await?;
        for of_reports in [true, false] {
            let these: Vec<&Settlement> = settlements.iter().filter(|s| s.key.is_report() == of_reports).collect();
            if !these.is_empty() {
                self.store_outcomes(tx.conn(), of_reports, &these).await?;
            }
        }
        let mut granted = Vec::new();
        for of_reports in [true, false] {
            let these: Vec<&Claim> = claims.iter().filter(|c| c.key.is_report() == of_reports).collect();
            if !these.is_empty() {
                granted.extend(self.store_claims(tx.conn(), of_reports, &these).await?);
            }
        }
        tx.commit().await?;
        Ok(granted)
    }

    async fn store_outcomes(
        &self,
        conn: &mut PgConnection,
        of_reports: bool,
        settlements: &[&Settlement],
    ) -> Result<(), sqlx::Error> {
        let ids: Vec<Uuid> = settlements.iter().map(|s| s.key.uuid()).collect();
        let statuses: Vec<&str> = settlements.iter().map(|s| s.entry.status).collect();
        let replies: Vec<Option<&str>> = settlements.iter().map(|s| s.entry.reply.as_deref()).collect();
        let reasons: Vec<Option<&str>> = settlements.iter().map(|s| s.entry.reason.as_deref()).collect();
        let next: Vec<_> = settlements.iter().map(|s| s.entry.next_attempt_at).collect();
        let attempts: Vec<i32> = settlements.iter().map(|s| s.entry.attempts).collect();
        let claimed: Vec<bool> = settlements.iter().map(|s| s.entry.is_claimed).collect();
        let tries: Vec<i32> = settlements.iter().map(|s| s.entry.tries).collect();
        if !of_reports {
            sqlx::query!(
                "update mail_outbox m
                 set status = e.status, smtp_response = e.reply, error_message = e.reason, next_attempt_at = e.next,
                     attempts = m.attempts + e.attempts, claimed_by = null, attempted_at = coalesce(m.attempted_at, now()),
                     sent_at = case when e.status = 'sent' then now() end,
                     -- What is in it may open a door, and is needed no more.
                     content_sealed = case when e.status = 'sent' then ''::bytea else m.content_sealed end
                 from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::integer[],
                     $9::boolean[], $10::integer[]) as e (id, status, reply, reason, next, attempts, is_claimed, tries)
                 where m.tenant_id = $1 and m.outbox_id = e.id
                     and case when e.is_claimed then m.status in ('sending', 'unknown') and m.claimed_by = $2
                         else m.status = 'queued' and m.attempts = e.tries end",
                self.tenant.uuid(),
                self.run,
                &ids,
                &statuses as _,
                replies as _,
                reasons as _,
                next as _,
                &attempts,
                &claimed,
                &tries,
            )
            .execute(conn)
            .await?;
            return Ok(());
        }
        // A mail that was called unknown meanwhile, because this run was given up for dead, may have been sent anew by a person's
        // word: it is not tried again by itself. Its send has ended, perhaps, and has counted it.
        sqlx::query!(
            "with known as (
                 select h.mail_id, h.status from email_send_history h
                 where h.tenant_id = $1 and h.mail_id = any($3)
                 order by h.mail_id
                 for no key update
             ), stored as (
                 update email_send_history h
                 set status = case when k.status = 'unknown' and e.status = 'queued' then 'failed' else e.status end,
                     smtp_response = e.reply, error_message = e.reason,
                     next_attempt_at = case when k.status <> 'unknown' then e.next end,
                     attempts = h.attempts + e.attempts, claimed_by = null,
                     attempted_at = case when e.attempts > 0 then now() else h.attempted_at end
                 from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::integer[],
                     $9::boolean[], $10::integer[]) as e (id, status, reply, reason, next, attempts, is_claimed, tries)
                 join known k on k.mail_id = e.id
                 where h.tenant_id = $1 and h.mail_id = e.id
                     and case when e.is_claimed then h.status in ('sending', 'unknown') and h.claimed_by = $2
                         else h.status = 'queued' and h.attempts = e.tries end
                 returning h.job_id, h.status, k.status = 'unknown' as is_late
             ), late as (
                 select s.job_id, count(*) as all_of_them, count(*) filter (where s.status = 'sent') as sent
                 from stored s where s.is_late and s.status <> 'unknown'
                 group by s.job_id)
             update email_sending_jobs j
             set emails_unknown = j.emails_unknown - l.all_of_them, emails_sent = j.emails_sent + l.sent,
                 emails_failed = j.emails_failed + l.all_of_them - l.sent,
                 status = case
                     when j.status = 'completed_with_errors' and j.emails_failed = 0 and l.sent = l.all_of_them
                         and j.emails_unknown = l.all_of_them then 'completed'
                     else j.status end
             from late l
             where j.tenant_id = $1 and j.job_id = l.job_id and j.completed_at is not null",
            self.tenant.uuid(),
            self.run,
            &ids,
            &statuses as _,
            replies as _,
            reasons as _,
            next as _,
            &attempts,
            &claimed,
            &tries,
        )
        .execute(&mut *conn)
        .await?;
        let bounced: Vec<Uuid> = settlements.iter().filter(|s| s.entry.is_bounce).map(|s| s.key.uuid()).collect();
        if !bounced.is_empty() {
            sqlx::query!(
                "update branch_email_mappings m set bounced_at = now(), bounce_reason = h.smtp_response
                 from email_send_history h
                 where m.tenant_id = $1 and h.tenant_id = $1 and h.mail_id = any($2)
                     and m.sales_rep_email = h.sales_rep_email",
                self.tenant.uuid(),
                &bounced,
            )
            .execute(conn)
            .await?;
        }
        Ok(())
    }

    async fn store_claims(
        &self,
        conn: &mut PgConnection,
        of_reports: bool,
        claims: &[&Claim],
    ) -> Result<Vec<Uuid>, sqlx::Error> {
        let ids: Vec<Uuid> = claims.iter().map(|claim| claim.key.uuid()).collect();
        let message_ids: Vec<&str> = claims.iter().map(|claim| claim.message_id.as_str()).collect();
        // `offset 0` keeps lower() out of the comparison with the suppressions: with it no index serves that under row-level
        // security, and each claim would read all of them.
        if !of_reports {
            return sqlx::query_scalar!(
                "update mail_outbox m
                 set status = case when s.email is null then 'sending' else 'suppressed' end,
                     error_message = 'The address is suppressed: ' || s.reason || '.', claimed_by = $2,
                     message_id = c.message_id, attempted_at = now(),
                     attempts = m.attempts + case when m.status = 'queued' and s.email is null then 1 else 0 end
                 from (
                     select c.id, c.message_id, lower(o.recipient) as email
                     from unnest($3::uuid[], $4::text[]) as c (id, message_id)
                     join mail_outbox o on o.tenant_id = $1 and o.outbox_id = c.id
                     offset 0) c
                 left join email_suppressions s on s.tenant_id = $1 and s.email = c.email
                 where m.tenant_id = $1 and m.outbox_id = c.id
                     and (m.status = 'queued' or m.status = 'sending' and m.claimed_by = $2)
                 returning case when m.status = 'sending' then m.outbox_id end",
                self.tenant.uuid(),
                self.run,
                &ids,
                &message_ids as _,
            )
            .fetch_all(conn)
            .await
            .map(|ids| ids.into_iter().flatten().collect());
        }
        // By their keys alone: what the planner thinks of the mails that wait is wrong while many were queued just now, and the
        // whole of them would be read for each few claims. Hence `materialized`, and a condition that no partial index fits. The
        // address is made ready there too: with lower() in the join, the whole of the suppressions would be read.
        sqlx::query_scalar!(
            "with asked as materialized (
                 select o.mail_id, o.job_id, lower(o.sales_rep_email) as email, c.message_id
                 from unnest($3::uuid[], $4::text[]) as c (id, message_id)
                 join email_send_history o on o.tenant_id = $1 and o.mail_id = c.id)
             update email_send_history h
             set status = case when s.reason is null then 'sending' else 'suppressed' end,
                 error_message = 'The address is suppressed: ' || s.reason || '.', claimed_by = $2,
                 message_id = a.message_id, smtp_response = null,
                 attempted_at = case when s.reason is null then now() else h.attempted_at end,
                 attempts = h.attempts + case when h.status = 'queued' and s.reason is null then 1 else 0 end
             from asked a
             join email_sending_jobs j on j.tenant_id = $1 and j.job_id = a.job_id and j.status = 'processing'
             left join email_suppressions s on s.tenant_id = $1 and s.email = a.email
             where h.tenant_id = $1 and h.mail_id = a.mail_id
                 and case when h.status = 'sending' then h.claimed_by = $2 else h.status = 'queued' end
             returning case when h.status = 'sending' then h.mail_id end",
            self.tenant.uuid(),
            self.run,
            &ids,
            &message_ids as _,
        )
        .fetch_all(conn)
        .await
        .map(|ids| ids.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_refused_address_is_a_bounce() {
        for reply in ["550 5.1.1 no such user", "553 5.1.3 bad address", "550 5.1.10 null MX"] {
            assert!(refuses_address(reply), "{reply}");
        }
        for reply in ["550 5.7.1 rejected as spam", "552 5.2.2 mailbox full", "550 no", "553 5.1.8 bad sender", ""] {
            assert!(!refuses_address(reply), "{reply}");
        }
    }
}
