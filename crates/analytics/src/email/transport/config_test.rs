//! `POST /analytics/email/config/test`: connects as a send would, mails whoever asks, and says how far it came and why.

use std::time::Duration;

use axum::extract::State;
use chrono::Utc;
use common::{
    auth::{TenantContext, audit},
    http::{ApiError, Json},
};
use lettre::message::Mailbox;
use serde_json::json;
use uuid::Uuid;

use super::{
    connection::{Connection, Delivery, Refusal},
    course::{Course, EmailTestView, TestedSource, TestedStep},
    files::write_eml,
    letter::{Letter, compose},
};
use crate::{
    email::{
        MailState, config,
        outlet::{MailServer, Outlet, OutletError, Owner, Security},
        render::TestMail,
        suppressions::{suppressed, unsubscribe_link},
    },
    scope::require_all_branches,
};

/// The longest that one reply is waited for.
const REPLY: Duration = Duration::from_secs(8);

/// Test the mail server
///
/// Sends a mail to whoever asks, over a connection of its own, and says which step succeeded or failed and why. A test that
/// fails is an answer like any other: 200 with `ok` false; so is one by somebody who is to get no mails. Takes at most 25
/// seconds.
#[utoipa::path(post, path = "/analytics/email/config/test", tag = "email",
    responses((status = 200, description = "How far the mail came", body = EmailTestView)))]
pub(crate) async fn test_email_config(
    State(mail): State<MailState>,
    context: TenantContext,
) -> Result<Json<EmailTestView>, ApiError> {
    require_all_branches(&context, "The mail server")?;
    let MailState { app, sealer, .. } = &mail;
    app.limits.of_mail_test(context.tenant_id)?;
    let mut tx = context.tx(&app.pool).await?;
    let tenant = context.tenant_id.uuid();
    let tenant_name =
        sqlx::query_scalar!("select name from tenants where tenant_id = $1", tenant).fetch_one(tx.conn()).await?;
    let outlet = config::outlet(tx.conn(), context.tenant_id, &app.settings, sealer).await;
    let asked_by = std::slice::from_ref(&context.actor.name);
    let is_suppressed = !suppressed(tx.conn(), context.tenant_id, asked_by).await?.is_empty();
    // No connection of the database's waits for a mail server.
    tx.commit().await?;
    let answer = match outlet {
        Ok(outlet) => {
            let mut course = Course::default();
            let source = source(&outlet);
            let letter = TestLetter { mail: &mail, context: &context, tenant_name, outlet: &outlet, is_suppressed };
            letter.send(&mut course).await?;
            course.answer(Some(source))
        }
        Err(error @ (OutletError::Unconfigured | OutletError::Unusable(_))) => {
            let mut course = Course::default();
            course.begin(TestedStep::Address);
            course.fail(error.to_string());
            course.answer(None)
        }
        Err(OutletError::Database(error)) => return Err(error.into()),
    };
    let mut tx = context.tx(&app.pool).await?;
    let failed = answer.steps.last().filter(|step| !step.ok).map(|step| step.step);
    let details = json!({ "ok": answer.ok, "source": answer.source, "failed": failed });
    audit::note(tx.conn(), context.tenant_id, &context.actor, "email_config.tested", None, details).await?;
    tx.commit().await?;
    Ok(Json(answer))
}

fn source(outlet: &Outlet) -> TestedSource {
    match outlet {
        Outlet::Server(MailServer { owner: Owner::Tenant, .. }) => TestedSource::Tenant,
        Outlet::Server(MailServer { owner: Owner::Operator, .. }) => TestedSource::Default,
        Outlet::Files { .. } => TestedSource::File,
    }
}

/// A test mail to be.
struct TestLetter<'a> {
    mail: &'a MailState,
    context: &'a TenantContext,
    tenant_name: String,
    outlet: &'a Outlet,
    /// Whoever asks wants no mails of the tenant, or cannot get any: this one is no exception.
    is_suppressed: bool,
}

impl TestLetter<'_> {
    /// # Errors
    /// The mail could not be made; what the server does is part of the course.
    async fn send(self, course: &mut Course) -> anyhow::Result<()> {
        let id = Uuid::now_v7();
        let to = match self.context.actor.name.parse() {
            Ok(email) => Mailbox::new(None, email),
            Err(_) => {
                course.begin(TestedStep::Recipient);
                course.fail(format!("`{}` is no address that mail can be sent to.", self.context.actor.name));
                return Ok(());
            }
        };
        let bytes = self.composed(id, &to)?;
        match self.outlet {
            Outlet::Files { .. } if self.is_suppressed => {
                course.begin(TestedStep::Recipient);
                course.fail(suppression(&to));
            }
            Outlet::Files { dir, .. } => {
                course.begin(TestedStep::Mail);
                match write_eml(dir, &id.to_string(), &bytes).await {
                    Ok(path) => course.succeed(format!("The mail was written to {}.", path.display())),
                    Err(error) => course.fail(format!("The mail could not be written to {}: {error}.", dir.display())),
                }
            }
            Outlet::Server(server) => {
                let longest = self.mail.test_within;
                let sent = tokio::time::timeout(longest, self.deliver(server, &to, &bytes, course)).await;
                match sent {
                    Ok(Ok(())) => {
                        course.succeed(format!("The server took the mail; it is on its way to {}.", to.email))
                    }
                    Ok(Err(why)) => course.fail(why),
                    Err(_) => course.fail(format!(
                        "The mail server took too long: the test was ended after {} seconds.",
                        longest.as_secs()
                    )),
                }
            }
        }
        Ok(())
    }

    fn composed(&self, id: Uuid, to: &Mailbox) -> anyhow::Result<Vec<u8>> {
        let Self { mail: MailState { app, renderer, sealer, .. }, context, tenant_name, outlet, is_suppressed: _ } =
            self;
        let at = Utc::now();
        let (from, dkim) = match outlet {
            Outlet::Server(server) => (&server.from, server.dkim.as_ref()),
            Outlet::Files { dir: _, from } => (from, None),
        };
        let through = match outlet {
            // Where it is, is nothing that tenants are told.
            Outlet::Server(MailServer { owner: Owner::Operator, .. }) => String::from("the operator's mail server"),
            Outlet::Server(MailServer { owner: Owner::Tenant, host, port, .. }) => format!("{host}:{port}"),
            Outlet::Files { dir, from: _ } => dir.display().to_string(),
        };
        let rendered = renderer.test(&TestMail {
            tenant_name: tenant_name.clone(),
            through,
            is_own: source(outlet) == TestedSource::Tenant,
            asked_by: context.actor.name.clone(),
            at,
        })?;
        let link = unsubscribe_link(&app.settings, sealer, context.tenant_id, to.email.as_ref())?;
        let (html, text) = rendered.for_recipient(&link);
        compose(&Letter {
            from,
            to: to.clone(),
            subject: &rendered.subject,
            html: &html,
            text: &text,
            message_id: &format!("<{id}@{}>", from.email.domain()),
            date: at,
            unsubscribe_url: &link,
            dkim,
        })
    }

    /// # Errors
    /// Why the step that was begun last failed.
    async fn deliver(
        &self,
        server: &MailServer,
        to: &Mailbox,
        bytes: &[u8],
        course: &mut Course,
    ) -> Result<(), String> {
        let settings = &self.mail.app.settings;
        let mut delivery = settings.mail.clone();
        delivery.timeout = delivery.timeout.min(REPLY);
        let begins = |step| course.begin(TestedStep::of_opening(step));
        let opened = Connection::open_step_by_step(server, &delivery, settings.allow_private_addresses, begins).await;
        let mut connection = opened.map_err(|error| error.refusal.reason)?;
        let why = |refusal: Refusal| refusal.reason;
        course.begin(TestedStep::Sender);
        if server.security == Security::Plain {
            course.warn_unprotected();
        }
        connection.sender(&server.return_path, &to.email).await.map_err(why)?;
        course.begin(TestedStep::Recipient);
        if self.is_suppressed {
            connection.quit().await;
            return Err(suppression(to));
        }
        connection.recipient(&to.email).await.map_err(why)?;
        course.begin(TestedStep::Mail);
        let delivered = connection.data(bytes).await;
        connection.quit().await;
        match delivered {
            Delivery::Accepted(_) => Ok(()),
            Delivery::Refused(refusal) => Err(refusal.reason),
            Delivery::Unknown(reason) => Err(reason),
        }
    }
}

fn suppression(to: &Mailbox) -> String {
    let email = &to.email;
    format!(
        "{email} is on the list of addresses that get no mails; DELETE /analytics/email/suppressions/{email} takes it off."
    )
}
