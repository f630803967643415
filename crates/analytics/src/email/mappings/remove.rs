//! `DELETE /analytics/email/mappings/{mapping_id}`.

use axum::extract::State;
use common::{
    auth::{TenantContext, audit},
    http::{ApiError, Json, Path},
};
use serde_json::json;
use uuid::Uuid;

use super::{MappingWritten, body::Mapping, change::seen};
use crate::email::MailState;

/// Send a branch's report to somebody no more
#[utoipa::path(delete, path = "/analytics/email/mappings/{mapping_id}", tag = "email",
    params(("mapping_id" = Uuid, Path)), responses((status = 200, body = MappingWritten)))]
pub(crate) async fn remove_mapping(
    State(mail): State<MailState>,
    context: TenantContext,
    Path(mapping_id): Path<Uuid>,
) -> Result<Json<MappingWritten>, ApiError> {
    let tenant = context.tenant_id;
    let mut tx = context.tx(&mail.app.pool).await?;
    let Mapping { branch_code, sales_rep_email, .. } = seen(tx.conn(), &context, tenant, mapping_id).await?;
    sqlx::query!(
        "delete from branch_email_mappings where tenant_id = $1 and mapping_id = $2",
        tenant.uuid(),
        mapping_id
    )
    .execute(tx.conn())
    .await?;
    let details = json!({ "mapping_id": mapping_id, "branch_code": branch_code });
    audit::note(tx.conn(), tenant, &context.actor, "mapping.removed", Some(&sales_rep_email), details).await?;
    tx.commit().await?;
    let message = format!("{sales_rep_email} gets the reports of {branch_code} no more.");
    Ok(Json(MappingWritten { success: true, message, mapping_id }))
}
