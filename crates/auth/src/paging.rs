//! Pages of this service's lists, which are short enough to be walked by position.

use common::http::{ApiError, Page, PageQuery};

/// The part of a list that a page shows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Lines before it.
    pub(crate) start: i64,
    pub(crate) limit: i64,
}

impl Place {
    /// # Errors
    /// 422 where the cursor is none of ours.
    pub(crate) fn of(query: &PageQuery) -> Result<Self, ApiError> {
        let start = match &query.cursor {
            None => query.offset(),
            Some(cursor) => cursor
                .parse::<i64>()
                .ok()
                .filter(|start| (0..=i64::from(u32::MAX)).contains(start))
                .ok_or_else(|| ApiError::invalid("cursor", "is not a `next_cursor` of this list"))?,
        };
        Ok(Self { start, limit: i64::from(query.limit) })
    }

    /// The page with what was found at this place, of a list of `total` lines.
    pub(crate) fn page<T>(self, query: &PageQuery, total: i64, data: Vec<T>) -> Page<T> {
        let end = self.start.saturating_add(self.limit);
        let has_more = end < total && !data.is_empty();
        let next_cursor = has_more.then(|| end.to_string());
        Page { data, total, page: query.page, limit: query.limit, has_more, next_cursor }
    }

    /// The page of a list that is known whole.
    pub(crate) fn cut<T>(self, query: &PageQuery, all: Vec<T>) -> Page<T> {
        let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
        let start = usize::try_from(self.start).unwrap_or(usize::MAX);
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        self.page(query, total, all.into_iter().skip(start).take(limit).collect())
    }
}
