//! `POST /analytics/email/suppressions`: nothing is sent to an address any more.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use common::{
    auth::{TenantContext, audit},
    http::{ApiError, Json},
};
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    SuppressionReason, WHAT,
    repository::suppress,
    view::{SuppressionView, Wanted, suppressions},
};
use crate::{
    email::{MailState, address::recipient},
    scope::require_all_branches,
};

/// An address to send nothing to.
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SuppressionBody {
    #[garde(custom(address_rule))]
    #[schema(format = "email", max_length = 254)]
    email: String,
    /// For other managers: why.
    #[garde(inner(length(chars, max = 500)))]
    #[garde(inner(custom(text_rule)))]
    #[schema(max_length = 500)]
    note: Option<String>,
}

fn address_rule(text: &str, (): &()) -> garde::Result {
    recipient(text).map(|_| ()).map_err(garde::Error::new)
}

/// A zero byte is the one character that the database does not take.
fn text_rule(text: &str, (): &()) -> garde::Result {
    if text.contains('\0') { Err(garde::Error::new("has a zero byte in it")) } else { Ok(()) }
}

/// Send nothing to an address
///
/// Whatever the mappings say. An address that is on the list already stays as it is there.
#[utoipa::path(post, path = "/analytics/email/suppressions", tag = "email", request_body = SuppressionBody, responses(
    (status = 201, description = "It is on the list now", body = SuppressionView),
    (status = 200, description = "It was on the list already", body = SuppressionView),
))]
pub(crate) async fn add_suppression(
    State(mail): State<MailState>,
    context: TenantContext,
    Json(body): Json<SuppressionBody>,
) -> Result<Response, ApiError> {
    require_all_branches(&context, WHAT)?;
    let SuppressionBody { email, note } = body;
    let email = recipient(&email).map_err(|fault| ApiError::invalid("email", fault))?;
    let note = note.as_deref().map(str::trim).filter(|note| !note.is_empty());
    let tenant = context.tenant_id;
    let mut tx = context.tx(&mail.app.pool).await?;
    let by = context.actor.account_id;
    let is_new = suppress(tx.conn(), tenant, &email, SuppressionReason::Manual, note, by).await?;
    let wanted = Wanted { email: Some(&email), ..Wanted::default() };
    let view = suppressions(tx.conn(), tenant, &wanted, 0, 1).await?.pop();
    let view = view.ok_or_else(|| anyhow::anyhow!("an address that was just suppressed is not there"))?;
    if is_new {
        let details = json!({ "reason": SuppressionReason::Manual });
        audit::note(tx.conn(), tenant, &context.actor, "suppression.added", Some(&email), details).await?;
    }
    tx.commit().await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(view)).into_response())
}
