//! `GET /analytics/tasks/search-analysis`.

use axum::extract::State;
use common::{
    auth::{AppState, TenantContext},
    http::{ApiError, Json, Page},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    line::LineHead,
    list::envelope,
    params::{ListParams, ListQuery},
    repository::{TaskList, TaskRepository},
    sort::{Kind, SortField},
};
use crate::params::Params;

/// Searches of a visit that found nothing, or led to nothing.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct SearchLine {
    #[serde(flatten)]
    pub(crate) head: LineHead,
    /// The term that found nothing; of `no_conversion` the visit's terms, sorted and joined by `, `.
    pub(crate) search_term: String,
    pub(crate) search_type: SearchType,
    /// How often it was searched.
    pub(crate) search_count: i64,
    /// The visit bought after all: only with `include_converted`.
    converted: bool,
}

/// What became of the searches.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SearchType {
    /// A term of a visit that found nothing.
    NoResults,
    /// A visit with more than two searches that did not buy.
    NoConversion,
}

/// The parameter that only this list has.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents what `ListQuery` reads")]
pub(crate) struct SearchParams {
    /// Keep the visits that searched a lot and bought.
    #[param(default = false)]
    include_converted: Option<bool>,
}

const FIELDS: [SortField; 4] = [
    ("search_term", Kind::Text),
    ("search_type", Kind::Text),
    ("search_count", Kind::Whole),
    ("converted", Kind::Flag),
];

/// Searches
///
/// Terms that found nothing, and visits that searched more than twice without buying. Last search first.
#[utoipa::path(get, path = "/analytics/tasks/search-analysis", tag = "tasks", params(ListParams, SearchParams),
    responses((status = 200, body = Page<SearchLine>)))]
pub(crate) async fn list_searches(
    State(app): State<AppState>,
    context: TenantContext,
    params: Params,
) -> Result<Json<Page<SearchLine>>, ApiError> {
    let list = TaskList::SearchAnalysis;
    let ListQuery { page, limit, sort, include_converted, selection } =
        ListQuery::read(params, &context, list, &FIELDS)?;
    let mut tx = context.tx(&app.pool).await?;
    let lines =
        TaskRepository::new(&mut tx, context.tenant_id).searches(selection, sort, None, include_converted).await?;
    Ok(Json(envelope(lines, list, sort, page, limit)))
}
