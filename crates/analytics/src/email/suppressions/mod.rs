//! Who gets no mail any more: the list, and the links by which people put themselves on it.

mod add;
mod link;
mod list;
mod pages;
mod reason;
mod remove;
mod repository;
mod unsubscribe;
mod view;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::MailState;

pub(crate) use link::{PREVIEW_TOKEN, unsubscribe_link};
pub(crate) use pages::pages;
pub(crate) use reason::SuppressionReason;
pub(crate) use repository::{suppress, suppressed};

pub(super) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_suppressions, add::add_suppression))
        .routes(routes!(remove::remove_suppression))
        .routes(routes!(unsubscribe::unsubscribe_page, unsubscribe::unsubscribe))
}

/// What the list is about, for who may not see it.
const WHAT: &str = "The list of addresses that get no mail";
