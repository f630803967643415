//! Mails over SMTP: composed, and sent command by command, so that it is known how far each came.

mod config_test;
mod connection;
mod course;
mod files;
mod hint;
mod letter;
mod open;
mod pace;
mod reply;
mod servers;
#[cfg(test)]
mod tests;
mod wire;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::MailState;

pub(crate) use connection::{Delivery, OpenError, Refusal, Verdict};
pub(crate) use files::write_eml;
pub(crate) use letter::{Letter, compose};
pub(crate) use servers::{Server, Servers};

pub(super) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new().routes(routes!(config_test::test_email_config))
}
