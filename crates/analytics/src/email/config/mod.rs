//! A tenant's mail server: set, shown without its secrets, and what holds where none is set.

use utoipa_axum::router::OpenApiRouter;

use super::MailState;

mod effective;

pub(crate) use effective::outlet;

pub(crate) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new()
}
