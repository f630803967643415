//! Who gets which branch's report.

use utoipa_axum::router::OpenApiRouter;

use super::MailState;

pub(super) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new()
}
