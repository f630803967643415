//! `GET /analytics/email/mappings`.

use axum::extract::State;
use common::{
    auth::TenantContext,
    http::{ApiError, Json, Query},
};
use garde::Validate;
use serde::Deserialize;
use utoipa::IntoParams;

use super::view::{MappingView, mappings};
use crate::{email::MailState, scope::selected};

#[derive(Debug, Deserialize, Validate, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MappingQuery {
    /// This branch alone; `*` = the roll-up.
    #[garde(length(chars, max = 100))]
    #[param(max_length = 100)]
    branch_code: Option<String>,
}

/// Who gets which branch's report
///
/// All of them, by branch and address; members who are limited to branches see those of their branches.
#[utoipa::path(get, path = "/analytics/email/mappings", tag = "email", params(MappingQuery),
    responses((status = 200, body = Vec<MappingView>)))]
pub(crate) async fn list_mappings(
    State(mail): State<MailState>,
    context: TenantContext,
    Query(MappingQuery { branch_code }): Query<MappingQuery>,
) -> Result<Json<Vec<MappingView>>, ApiError> {
    // No code holds a zero byte, and the database takes none.
    let asked: Vec<String> = branch_code.map(|code| code.replace('\0', "\u{fffd}")).into_iter().collect();
    let branches = selected(&context, asked);
    let mut tx = context.tx(&mail.app.pool).await?;
    Ok(Json(mappings(tx.conn(), context.tenant_id, branches.as_deref()).await?))
}
