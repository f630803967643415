//! Parameters of a task list.

use common::{
    auth::TenantContext,
    http::{ApiError, MAX_LIMIT},
};
use utoipa::{IntoParams, ToSchema};

use super::{
    cursor::Place,
    line::HEAD_FIELDS,
    repository::{Selection, TaskList},
    sort::{Sort, SortField},
};
use crate::{params::Params, scope};

const USUAL_LIMIT: u32 = 50;
/// Keeps the number of lines before a page well inside what a database counts with.
const MAX_PAGE: u32 = 1_000_000;

/// Parameters of all task lists, as they are documented.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `ListQuery` reads")]
pub(crate) struct ListParams {
    /// The page, from 1.
    #[param(minimum = 1, maximum = 1_000_000, default = 1)]
    page: Option<u32>,
    /// Lines a page.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<u32>,
    /// `next_cursor` of the page before, in place of `page`: the way to walk a long list.
    cursor: Option<String>,
    /// First day; with `end_date`, or neither: then the whole history.
    #[param(example = "2026-10-01", format = Date)]
    start_date: Option<String>,
    /// Last day, included; at most ten years after the first.
    #[param(example = "2026-10-31", format = Date)]
    end_date: Option<String>,
    /// Only these branches; may be given several times.
    #[param(example = json!(["D01"]))]
    location_id: Option<Vec<String>>,
    /// Only lines that hold this text in customer, company, e-mail, product, term or transaction. Upper and lower case
    /// are the same, `%` and `_` are nothing special.
    #[param(max_length = 500)]
    query: Option<String>,
    /// A scalar field of the list's lines; lines without a value come last. Left out: by activity.
    sort_field: Option<String>,
    #[param(inline, default = "desc")]
    sort_order: Option<SortOrder>,
}

#[derive(Debug, ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents what `ListQuery` reads")]
enum SortOrder {
    Asc,
    Desc,
}

/// The parameters, read.
#[derive(Debug)]
pub(super) struct ListQuery {
    pub(super) page: u32,
    pub(super) limit: u32,
    pub(super) sort: Sort,
    /// `include_converted`, of the list of searches only.
    pub(super) include_converted: bool,
    pub(super) selection: Selection,
}

impl ListQuery {
    /// `fields` are the list's own that it sorts by, beside those of every line's head.
    ///
    /// # Errors
    /// 422 with everything that is wrong.
    pub(super) fn read(
        mut params: Params,
        context: &TenantContext,
        list: TaskList,
        fields: &[SortField],
    ) -> Result<Self, ApiError> {
        let page = params.whole("page", 1..=MAX_PAGE).unwrap_or(1);
        let limit = params.whole("limit", 1..=MAX_LIMIT).unwrap_or(USUAL_LIMIT);
        let days = params.days();
        let locations = params.texts("location_id");
        let text = params.text("query").filter(|text| !text.trim().is_empty());
        let sortable: Vec<(&str, SortField)> =
            HEAD_FIELDS.iter().chain(fields).map(|field| (field.0, *field)).collect();
        let field = params.choice("sort_field", &sortable);
        let descending = params.choice("sort_order", &[("desc", true), ("asc", false)]).unwrap_or(true);
        let include_converted =
            list == TaskList::SearchAnalysis && params.flag("include_converted").unwrap_or_default();
        let sort = Sort { field, descending };
        let after = params.cursor().and_then(|cursor| {
            let place = Place::from_cursor(&cursor, list, sort);
            if place.is_none() {
                params.refuse("cursor", "is not a `next_cursor` of this list in this order");
            }
            place
        });
        params.finish()?;
        let offset = if after.is_some() { 0 } else { i64::from(page - 1) * i64::from(limit) };
        let locations = scope::selected(context, locations);
        let selection = Selection { days, locations, text, limit, offset, after };
        Ok(Self { page, limit, sort, include_converted, selection })
    }
}
