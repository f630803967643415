//! Who gets which branch's report: one by one, as a list, and what is missing.

mod body;
mod change;
mod compare;
mod coverage;
mod create;
mod header;
mod import;
mod list;
mod remove;
mod rules;
mod scope;
mod sheet;
mod view;

use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::MailState;

pub(super) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_mappings, create::create_mapping))
        .routes(routes!(change::change_mapping, remove::remove_mapping))
        .routes(routes!(import::import_mappings))
        .routes(routes!(coverage::get_coverage))
}

/// Stands for all branches: the roll-up.
const ALL_BRANCHES: &str = "*";

/// What a write did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MappingWritten {
    /// Always true: what fails is a problem.
    success: bool,
    message: String,
    mapping_id: Uuid,
}
