//! Mails over SMTP: composed, and sent command by command, so that it is known how far each came.

mod connection;
mod files;
mod letter;
mod servers;

use utoipa_axum::router::OpenApiRouter;

use super::MailState;

pub(crate) use connection::{Connection, Delivery, OpenError, Refusal, Verdict};
pub(crate) use files::write_eml;
pub(crate) use letter::{Letter, compose};
pub(crate) use servers::{Lease, Server, Servers};

pub(super) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new()
}
