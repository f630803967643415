//! Notices of mails that could not be delivered (RFC 3464), and what follows from them.

use utoipa_axum::router::OpenApiRouter;

use super::MailState;

pub(super) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new()
}
