//! One mail from its row to the server's reply.

use std::{path::PathBuf, sync::Arc, time::Duration};

use chrono::Utc;
use lettre::message::Mailbox;

use super::{
    mail::{Content, Mail, Outcome},
    outbox,
    run::{ASKED, Halt, Run},
};
use crate::email::{
    outlet::MailServer,
    render::Rendered,
    suppressions::unsubscribe_link,
    transport::{Delivery, Letter, OpenError, Refusal, Server, Verdict, compose, write_eml},
};

/// Where the mails of a run go.
pub(super) enum Way {
    Server { config: Box<MailServer>, server: Arc<Server> },
    Files { dir: PathBuf, from: Mailbox },
}

impl Way {
    fn from(&self) -> &Mailbox {
        match self {
            Self::Server { config, .. } => &config.from,
            Self::Files { from, .. } => from,
        }
    }
}

/// Delivers mails of a run, one after the other or several at once.
#[derive(Clone, Copy)]
pub(super) struct Lane<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) way: &'a Way,
}

/// A mail as it goes over the wire.
struct Composed {
    to: Mailbox,
    bytes: Vec<u8>,
    message_id: String,
}

impl Lane<'_> {
    /// Sends the mail and stores what became of it. A mail whose time is over (cancelled meanwhile) or has not come (the
    /// server wants a pause) is left as it is.
    ///
    /// # Errors
    /// The database is away: nothing was sent, or its outcome is unknown.
    pub(super) async fn deliver(&self, mail: Mail) -> anyhow::Result<()> {
        if self.run.is_over() {
            return Ok(());
        }
        let rendered = match self.rendered(&mail).await {
            Ok(rendered) => rendered,
            Err(error) if is_outage(&error) => return Err(error),
            Err(error) if mail.key.is_report() => {
                // It stops no other mail, and whatever it is may pass: it has its further tries.
                tracing::error!(tenant = %self.run.tenant, mail = %mail.key.uuid(), error = format!("{error:#}"), "a report cannot be made");
                let reason = String::from("The report could not be made; the service's log says why.");
                let outcome = Outcome::Later { after: None, reply: None, reason };
                return Ok(self.run.ledger.settle(&mail, outcome, false).await?);
            }
            Err(error) => return self.unmade(&mail, &error).await,
        };
        let composed = match self.composed(&mail, &rendered) {
            Ok(composed) => composed,
            Err(error) => return self.unmade(&mail, &error).await,
        };
        match self.way {
            Way::Server { config, server } => self.through(config, server, &mail, &composed).await,
            Way::Files { dir, .. } => self.write_file(dir, &mail, &composed).await,
        }
    }

    /// It can never be made.
    async fn unmade(&self, mail: &Mail, error: &anyhow::Error) -> anyhow::Result<()> {
        tracing::error!(tenant = %self.run.tenant, mail = %mail.key.uuid(), error = format!("{error:#}"), "a mail cannot be made");
        let reason = format!("The mail could not be made: {error:#}");
        Ok(self.run.ledger.settle(mail, Outcome::Failed { reply: None, reason }, false).await?)
    }

    async fn rendered(&self, mail: &Mail) -> anyhow::Result<Arc<Rendered>> {
        let run = self.run;
        match &mail.content {
            Content::Report { date, branch_codes, note, .. } => {
                run.book(*date).await.rendered(branch_codes, note.as_deref()).await
            }
            Content::Outbox { kind, sealed } => Ok(Arc::new(outbox::rendered(run.mailer, run.tenant, kind, sealed)?)),
        }
    }

    fn composed(&self, mail: &Mail, rendered: &Rendered) -> anyhow::Result<Composed> {
        let (run, from) = (self.run, self.way.from());
        let to = mail.recipient()?;
        let Rendered { subject, .. } = rendered;
        let subject = match &mail.content {
            // As history has shown it since it was queued.
            Content::Report { subject, .. } => subject,
            Content::Outbox { .. } => subject,
        };
        let link = unsubscribe_link(&run.mailer.settings, &run.mailer.sealer, run.tenant, &mail.email)?;
        let (html, text) = rendered.for_recipient(&link);
        let message_id = mail.message_id(&from.email);
        let dkim = match self.way {
            Way::Server { config, .. } => config.dkim.as_ref(),
            Way::Files { .. } => None,
        };
        let bytes = compose(&Letter {
            from,
            to: to.clone(),
            subject,
            html: &html,
            text: &text,
            message_id: &message_id,
            date: Utc::now(),
            unsubscribe_url: &link,
            dkim,
        })?;
        Ok(Composed { to, bytes, message_id })
    }

    async fn through(
        &self,
        config: &MailServer,
        server: &Arc<Server>,
        mail: &Mail,
        composed: &Composed,
    ) -> anyhow::Result<()> {
        let ledger = &self.run.ledger;
        server.turn(composed.to.email.domain()).await;
        if self.run.rests(server, ASKED) {
            return Ok(());
        }
        // Beside the allowance the connection has to be waited for, and meanwhile all may have changed.
        let mut lease = match server.connection().await {
            Ok(lease) => lease,
            Err(OpenError { refusal, .. }) => {
                self.heed(server, &refusal);
                return Ok(());
            }
        };
        if self.run.is_over() || self.run.rests(server, ASKED) {
            lease.give_back();
            return Ok(());
        }
        if let Err(refusal) = lease.connection.envelope(&config.return_path, &composed.to.email).await {
            let refusal = judged(server, mail, refusal);
            self.heed(server, &refusal);
            if let Some(outcome) = outcome(&refusal) {
                ledger.settle(mail, outcome, false).await?;
            }
            if refusal.is_open && lease.connection.reset().await {
                lease.give_back();
            }
            return Ok(());
        }
        if !ledger.claim(mail.key, composed.message_id.clone()).await? {
            if lease.connection.reset().await {
                lease.give_back();
            }
            return Ok(());
        }
        if self.run.stop.is_cancelled() {
            // The claim may have waited long for the database: the reply could come after the end of the process.
            ledger.settle(mail, Outcome::PutBack, true).await?;
            if lease.connection.reset().await {
                lease.give_back();
            }
            return Ok(());
        }
        // From here on to the settlement lies what a crash makes unknown.
        match lease.connection.data(&composed.bytes).await {
            Delivery::Accepted(reply) => {
                server.took(mail.key.uuid());
                self.run.heard();
                lease.give_back();
                ledger.settle(mail, Outcome::Sent { reply }, true).await?;
            }
            Delivery::Refused(refusal) => {
                let refusal = judged(server, mail, refusal);
                self.heed(server, &refusal);
                ledger.settle(mail, outcome(&refusal).unwrap_or(Outcome::PutBack), true).await?;
                if refusal.is_open && lease.connection.reset().await {
                    lease.give_back();
                }
            }
            Delivery::Unknown(reason) => {
                self.unheard(server, &reason);
                ledger.settle(mail, Outcome::Unknown { reason }, true).await?;
            }
        }
        Ok(())
    }

    async fn write_file(&self, dir: &std::path::Path, mail: &Mail, composed: &Composed) -> anyhow::Result<()> {
        if !self.run.ledger.claim(mail.key, composed.message_id.clone()).await? {
            return Ok(());
        }
        let outcome = match write_eml(dir, &mail.key.uuid().to_string(), &composed.bytes).await {
            Ok(path) => Outcome::Sent { reply: format!("written to {}", path.display()) },
            Err(error) => {
                let reason = format!("{} cannot be written to: {error}", dir.display());
                Outcome::Later { after: None, reply: None, reason }
            }
        };
        Ok(self.run.ledger.settle(mail, outcome, true).await?)
    }

    /// What a refusal means for all other mails.
    fn heed(&self, server: &Server, refusal: &Refusal) {
        match refusal.verdict {
            Verdict::Later(_) if refusal.reply.is_none() => self.unheard(server, &refusal.reason),
            Verdict::Final | Verdict::Later(_) => self.run.heard(),
            Verdict::SlowDown(wanted) => self.pause(server, wanted, &told(refusal)),
            Verdict::Unusable => self.run.halt(Halt::Unusable(told(refusal))),
        }
    }

    /// A mail had no answer. That can be the mail; a server that answers none is left alone for a while, or each mail would
    /// take its time and, where the content was sent, end as unknown.
    fn unheard(&self, server: &Server, reason: &str) {
        if self.run.lost() {
            self.pause(server, None, &format!("The mail server answers no more. {reason}"));
        }
    }

    fn pause(&self, server: &Server, wanted: Option<Duration>, reason: &str) {
        server.slow_down(wanted);
        self.run.rests(server, reason);
    }
}

/// A pause that is asked for with the same mail again, though others went in between, is that mail's matter: else one address
/// that the server will not have now would hold up everybody's reports.
fn judged(server: &Server, mail: &Mail, refusal: Refusal) -> Refusal {
    match refusal.verdict {
        Verdict::SlowDown(wanted) if server.is_about(mail.key.uuid()) => {
            Refusal { verdict: Verdict::Later(wanted), ..refusal }
        }
        _ => refusal,
    }
}

/// What a refusal means for the mail; none = it had no try.
fn outcome(refusal: &Refusal) -> Option<Outcome> {
    let Refusal { verdict, reply, reason, .. } = refusal.clone();
    match verdict {
        Verdict::Final => Some(Outcome::Failed { reply, reason }),
        Verdict::Later(after) => Some(Outcome::Later { after, reply, reason }),
        Verdict::SlowDown(_) | Verdict::Unusable => None,
    }
}

/// For people: what happened, with the server's own words.
fn told(refusal: &Refusal) -> String {
    match &refusal.reply {
        Some(reply) if !refusal.reason.contains(reply.as_str()) => format!("{} ({reply})", refusal.reason),
        _ => refusal.reason.clone(),
    }
}

/// Whether it is the database that is away, and not the mail that is wrong: by SQLSTATE the connection, resources, an operator's
/// hand, the system, or a transaction that may be tried again.
pub(super) fn is_outage(error: &anyhow::Error) -> bool {
    match error.chain().find_map(|cause| cause.downcast_ref()) {
        None => false,
        Some(sqlx::Error::Database(error)) => error.code().is_some_and(|code| {
            code != "57014" && ["08", "25", "40", "53", "55", "57", "58"].iter().any(|class| code.starts_with(class))
        }),
        Some(
            sqlx::Error::ColumnDecode { .. }
            | sqlx::Error::Decode(_)
            | sqlx::Error::ColumnNotFound(_)
            | sqlx::Error::TypeNotFound { .. }
            | sqlx::Error::RowNotFound,
        ) => false,
        Some(_) => true,
    }
}
