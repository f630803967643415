//! What a report says: figures against former days, and the lines of the task lists.

mod book;
mod compare;
mod figures;
mod gather;
mod lines;
mod links;
mod preview;
mod subject;
#[cfg(test)]
mod tests;

use utoipa_axum::{router::OpenApiRouter, routes};

use super::MailState;

pub(crate) use self::{
    book::ReportBook,
    compare::Comparison,
    figures::{DayFigures, Week},
    gather::{BOUNCES, CARTS, ListWords, PURCHASES, REPEATS, SEARCHES},
    links::Links,
    subject::subject,
};

pub(super) fn routes() -> OpenApiRouter<MailState> {
    OpenApiRouter::new().routes(routes!(preview::preview_report))
}

/// The branch code of the roll-up over all branches.
pub(crate) const ALL_BRANCHES: &str = "*";
