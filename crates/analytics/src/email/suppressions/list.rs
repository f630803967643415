//! `GET /analytics/email/suppressions`.

use axum::extract::State;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use common::{
    auth::TenantContext,
    http::{ApiError, Json, Page, PageQuery, Query},
};
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    SuppressionReason, WHAT,
    view::{SuppressionView, Wanted, count, suppressions},
};
use crate::{email::MailState, scope::require_all_branches};

/// Which addresses.
#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuppressionQuery {
    #[serde(flatten)]
    #[garde(dive)]
    #[param(ignore)]
    page: PageQuery,
    #[garde(skip)]
    #[param(inline)]
    reason: Option<SuppressionReason>,
    /// Part of the address.
    #[garde(length(chars, max = 254))]
    #[param(max_length = 254)]
    query: Option<String>,
}

/// Who gets no mail
///
/// By address. Whatever the mappings say, nothing is sent to these.
#[utoipa::path(get, path = "/analytics/email/suppressions", tag = "email", params(PageQuery, SuppressionQuery),
    responses((status = 200, body = Page<SuppressionView>)))]
pub(crate) async fn list_suppressions(
    State(mail): State<MailState>,
    context: TenantContext,
    Query(query): Query<SuppressionQuery>,
) -> Result<Json<Page<SuppressionView>>, ApiError> {
    require_all_branches(&context, WHAT)?;
    let SuppressionQuery { page, reason, query } = query;
    // No address holds a zero byte, and the database takes none.
    let part = query.map(|part| part.replace('\0', " ").to_lowercase());
    let after = page.cursor.as_deref().map(address_of).transpose()?;
    let wanted = Wanted { reason, part: part.as_deref(), email: None, after: after.as_deref() };
    let limit = i64::from(page.limit);
    let offset = if after.is_some() { 0 } else { page.offset() };
    let mut tx = context.tx(&mail.app.pool).await?;
    let total = count(tx.conn(), context.tenant_id, &wanted).await?;
    // One more tells whether there are more.
    let mut data = suppressions(tx.conn(), context.tenant_id, &wanted, offset, limit + 1).await?;
    let has_more = data.len() > page.limit as usize;
    data.truncate(page.limit as usize);
    let last = data.last().filter(|_| has_more);
    let next_cursor = last.map(|last| URL_SAFE_NO_PAD.encode(last.email()));
    Ok(Json(Page { data, total, page: page.page, limit: page.limit, has_more, next_cursor }))
}

/// What a cursor says: the last address of the page before.
fn address_of(cursor: &str) -> Result<String, ApiError> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .filter(|address| !address.contains('\0'))
        .ok_or_else(|| ApiError::invalid("cursor", "is not a `next_cursor` of this list"))
}
