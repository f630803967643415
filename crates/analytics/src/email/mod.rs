//! Branch reports by mail: who gets them, what is in them, how they go out, and what became of each.

mod address;
mod bounces;
pub(crate) mod config;
mod mappings;
mod outlet;
pub(crate) mod render;
mod report;
mod schedules;
mod sending;
mod state;
pub(crate) mod suppressions;
mod transport;

use utoipa_axum::router::OpenApiRouter;

pub use self::{
    render::{SampleMail, sample_mails},
    schedules::keeper as scheduling,
    sending::{Mailer, wake_due},
    state::MailState,
};

/// All routes under `/analytics/email`.
pub(crate) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new()
        .merge(config::routes())
        .merge(mappings::routes())
        .merge(suppressions::routes())
        .merge(report::routes())
        .merge(sending::routes())
        .merge(transport::routes())
        .merge(schedules::routes())
        .merge(bounces::routes())
}
