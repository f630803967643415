//! Sends: jobs, their mails, who works them off, and what became of each.

mod job;
mod queue;
mod selection;
mod start;
mod targets;

use utoipa_axum::router::OpenApiRouter;

use super::MailState;

pub(crate) use start::{NewSend, SendOrigin, Started, data_is_there, start};

pub(super) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new()
}
