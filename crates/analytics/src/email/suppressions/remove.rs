//! `DELETE /analytics/email/suppressions/{email}`: an address may get mails again.

use axum::{extract::State, http::StatusCode};
use common::{
    auth::{TenantContext, audit},
    http::{ApiError, Path},
};
use serde_json::json;

use super::{SuppressionReason, WHAT};
use crate::{email::MailState, scope::require_all_branches};

/// Send to an address again
///
/// What its mappings say holds again, and they count as not bounced.
#[utoipa::path(delete, path = "/analytics/email/suppressions/{email}", tag = "email",
    params(("email" = String, Path, description = "In any case of letters")),
    responses((status = 204, description = "It is not on the list any more")))]
pub(crate) async fn remove_suppression(
    State(mail): State<MailState>,
    context: TenantContext,
    Path(email): Path<String>,
) -> Result<StatusCode, ApiError> {
    require_all_branches(&context, WHAT)?;
    let email = email.trim().to_lowercase();
    let absent = || ApiError::NotFound(format!("{email} is not on the list."));
    // No text of the database holds one.
    if email.contains('\0') {
        return Err(ApiError::NotFound(String::from("This is no address.")));
    }
    let tenant = context.tenant_id;
    let mut tx = context.tx(&mail.app.pool).await?;
    let removed = sqlx::query!(
        r#"delete from email_suppressions where tenant_id = $1 and email = $2
         returning reason as "reason: SuppressionReason""#,
        tenant.uuid(),
        email,
    )
    .fetch_optional(tx.conn())
    .await?
    .ok_or_else(absent)?;
    sqlx::query!(
        "update branch_email_mappings set bounced_at = null, bounce_reason = null
         where tenant_id = $1 and lower(sales_rep_email) = $2 and bounced_at is not null",
        tenant.uuid(),
        email,
    )
    .execute(tx.conn())
    .await?;
    let details = json!({ "reason": removed.reason });
    audit::note(tx.conn(), tenant, &context.actor, "suppression.removed", Some(&email), details).await?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
