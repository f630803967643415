//! The envelope of the lists.

use common::http::Page;

use super::{
    repository::{LinePage, TaskList},
    sort::Sort,
};

/// The page as it goes out.
pub(super) fn envelope<L>(lines: LinePage<L>, list: TaskList, sort: Sort, page: u32, limit: u32) -> Page<L> {
    let LinePage { data, total, next, frequently_bounced_pages: _ } = lines;
    Page {
        data,
        total,
        page,
        limit,
        has_more: next.is_some(),
        next_cursor: next.map(|place| place.into_cursor(list, sort)),
    }
}
