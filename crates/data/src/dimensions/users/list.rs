//! `GET /data/users`.

use axum::extract::State;
use common::auth::{AppState, TenantContext};
use common::http::{ApiError, Json, Page, PageQuery, Query};
use garde::Validate;
use serde::Deserialize;
use sqlx::types::Json as Sql;
use utoipa::IntoParams;

use super::cursor::Cursor;
use super::view::UserView;

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UsersQuery {
    #[serde(flatten)]
    #[garde(dive)]
    #[param(ignore)]
    pub page: PageQuery,
    /// Only users that hold this text in id, name, company, e-mail or phone. Upper and lower case are the same, `%` and `_`
    /// are nothing special.
    #[serde(default)]
    #[garde(inner(length(chars, max = 500), custom(no_nul)))]
    #[param(max_length = 500)]
    pub query: Option<String>,
    /// Only users of the list who are, or are not, active: `true` or `false`.
    #[serde(default)]
    #[garde(inner(custom(is_flag)))]
    #[param(value_type = Option<bool>)]
    pub is_active: Option<String>,
}

fn no_nul(text: &str, (): &()) -> garde::Result {
    if text.contains('\0') { Err(garde::Error::new("must not contain the character NUL")) } else { Ok(()) }
}

fn is_flag(text: &str, (): &()) -> garde::Result {
    if flag(text).is_some() { Ok(()) } else { Err(garde::Error::new("must be one of true, false")) }
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

#[derive(Deserialize)]
struct UsersDocument {
    data: Vec<UserView>,
    total: i64,
    next: Option<String>,
}

/// Users
///
/// By id: those of the list, and those whom only events know. A caller who is limited to branches finds who was seen there.
#[utoipa::path(get, path = "/data/users", tag = "users and locations", params(PageQuery, UsersQuery),
    responses((status = 200, description = "A page of users", body = Page<UserView>)))]
pub async fn list_users(
    State(app): State<AppState>,
    context: TenantContext,
    Query(query): Query<UsersQuery>,
) -> Result<Json<Page<UserView>>, ApiError> {
    let UsersQuery { page, query, is_active } = query;
    let text = query.filter(|text| !text.trim().is_empty());
    let is_active = is_active.as_deref().and_then(flag);
    let cursor = match &page.cursor {
        None => None,
        Some(cursor) => Some(
            Cursor::from_text(cursor, text.as_deref(), is_active)
                .ok_or_else(|| ApiError::invalid("cursor", "is not a `next_cursor` of this list with these filters"))?,
        ),
    };
    let (after, counted) = cursor.map(|cursor| (cursor.after, cursor.total)).unzip();
    let offset = if after.is_some() { 0 } else { page.offset() };
    let mut tx = context.tx(&app.pool).await?;
    let Sql(UsersDocument { data, total, next }) = sqlx::query_scalar!(
        r#"select get_users($1, $2, $3, $4, $5, $6, $7, $8) as "page!: Sql<UsersDocument>""#,
        context.tenant_id.0,
        context.branches.as_deref(),
        text,
        is_active,
        after,
        i32::try_from(page.limit).unwrap_or(i32::MAX),
        offset,
        counted,
    )
    .fetch_one(tx.conn())
    .await?;
    let next_cursor = next.map(|after| Cursor { after, total }.to_text(text.as_deref(), is_active));
    let PageQuery { page, limit, .. } = page;
    Ok(Json(Page { data, total, page, limit, has_more: next_cursor.is_some(), next_cursor }))
}
