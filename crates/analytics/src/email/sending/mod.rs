//! Sends: jobs, their mails, who works them off, and what became of each.

mod history;
mod job;
mod jobs;
mod queue;
mod selection;
mod send_reports;
mod start;
mod targets;
mod view;
mod worker;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::MailState;

pub(crate) use start::{NewSend, SendOrigin, Started, data_is_there, start};
pub use worker::{Mailer, wake_due};

pub(super) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new()
        .routes(routes!(send_reports::send_reports))
        .routes(routes!(jobs::list_sends))
        .routes(routes!(jobs::get_send))
        .routes(routes!(jobs::cancel_send))
        .routes(routes!(jobs::pause_send))
        .routes(routes!(jobs::resume_send))
        .routes(routes!(history::list_mails))
        .routes(routes!(history::resend_mail))
}
