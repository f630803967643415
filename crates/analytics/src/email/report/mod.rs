//! What a report says: figures against former days, and the lines of the task lists.

mod book;

use utoipa_axum::router::OpenApiRouter;

use super::MailState;

pub(crate) use book::ReportBook;

pub(super) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new()
}

/// The branch code of the roll-up over all branches.
pub(crate) const ALL_BRANCHES: &str = "*";

/// The subject of a report's mail: known when it is queued, before anything is rendered.
/// `branches` are codes with names where known; `["*"]` is the roll-up.
pub(crate) fn subject(tenant_name: &str, branches: &[(String, Option<String>)], date: chrono::NaiveDate) -> String {
    format!("{tenant_name}: {} {date}", branches.len())
}
