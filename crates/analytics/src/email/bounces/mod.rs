//! Notices of mails that could not be delivered (RFC 3464) and of mails that somebody complained of (RFC 5965), and what
//! follows from them. The operator's mail server pipes the mailbox of the envelope's sender here.

mod effect;
mod fields;
mod notice;
mod parts;
mod post;
mod sent;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::MailState;

pub(super) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new().routes(routes!(post::post_bounce))
}
