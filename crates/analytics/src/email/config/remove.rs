//! `DELETE /analytics/email/config`: the operator's default serves again, where there is one.

use axum::{extract::State, http::StatusCode};
use common::{
    auth::{TenantContext, audit},
    http::ApiError,
};
use serde_json::json;

use super::view::WHAT;
use crate::{email::MailState, scope::require_all_branches};

/// Remove the mail server
///
/// With its password. From then on the operator's default serves, where there is one.
#[utoipa::path(delete, path = "/analytics/email/config", tag = "email",
    responses((status = 204, description = "Removed")))]
pub(crate) async fn delete_email_config(
    State(mail): State<MailState>,
    context: TenantContext,
) -> Result<StatusCode, ApiError> {
    require_all_branches(&context, WHAT)?;
    let tenant = context.tenant_id;
    let mut tx = context.tx(&mail.app.pool).await?;
    let removed = sqlx::query!("delete from email_configs where tenant_id = $1 returning server", tenant.uuid())
        .fetch_optional(tx.conn())
        .await?
        .ok_or_else(|| ApiError::NotFound(String::from("The tenant has no mail server of its own.")))?;
    let details = json!({ "server": removed.server });
    audit::note(tx.conn(), tenant, &context.actor, "email_config.removed", None, details).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
