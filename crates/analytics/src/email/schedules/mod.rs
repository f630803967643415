//! When reports are sent by themselves: schedules as people set them, and a loop in every process that makes a send of each
//! run whose time has come.

mod body;
mod change;
mod create;
mod decide;
mod due;
mod get;
pub mod keeper;
mod list;
mod missed;
mod remove;
mod run;
mod runs;
mod stored;
mod view;

use common::auth::TenantContext;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::MailState;

pub(super) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new()
        .routes(routes!(list::list_schedules, create::create_schedule))
        .routes(routes!(runs::list_schedule_runs))
        .routes(routes!(get::get_schedule, change::change_schedule, remove::remove_schedule))
}

/// Whether the caller may see and change a schedule of these branches: who is limited to branches, only if all are theirs.
fn is_in_scope(context: &TenantContext, branch_codes: Option<&[String]>) -> bool {
    match (crate::scope::visible(context), branch_codes) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(own), Some(codes)) => codes.iter().all(|code| own.contains(code)),
    }
}
