//! `POST /analytics/email/mappings`.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use common::{
    auth::{TenantContext, audit},
    http::{ApiError, Json},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    MappingWritten,
    body::{Mapping, MappingBody, NewMappingBody, refused},
    scope,
};
use crate::email::MailState;

/// Send a branch's report to somebody
///
/// The code may be one of no branch yet; the coverage shows such.
#[utoipa::path(post, path = "/analytics/email/mappings", tag = "email", request_body = NewMappingBody, responses(
    (status = 201, body = MappingWritten),
    (status = 409, description = "The branch has this address already",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn create_mapping(
    State(mail): State<MailState>,
    context: TenantContext,
    Json(body): Json<MappingBody>,
) -> Result<Response, ApiError> {
    let mapping = body.over(None)?;
    scope::require(&context, &mapping.branch_code)?;
    let (tenant, mapping_id) = (context.tenant_id, Uuid::now_v7());
    let mut tx = context.tx(&mail.app.pool).await?;
    let Mapping { branch_code, branch_name, sales_rep_email, sales_rep_name, is_enabled, delivery } = &mapping;
    sqlx::query!(
        "insert into branch_email_mappings (tenant_id, mapping_id, branch_code, branch_name, sales_rep_email,
             sales_rep_name, is_enabled, delivery)
         values ($1, $2, $3, $4, $5, $6, $7, $8)",
        tenant.uuid(),
        mapping_id,
        branch_code,
        branch_name.as_deref(),
        sales_rep_email,
        sales_rep_name.as_deref(),
        is_enabled,
        delivery.as_str(),
    )
    .execute(tx.conn())
    .await
    .map_err(|error| refused(error, &mapping))?;
    let details = json!({
        "mapping_id": mapping_id, "branch_code": branch_code, "is_enabled": is_enabled, "delivery": delivery,
    });
    audit::note(tx.conn(), tenant, &context.actor, "mapping.created", Some(sales_rep_email), details).await?;
    tx.commit().await?;
    let message = format!("{sales_rep_email} gets the reports of {branch_code}.");
    Ok((StatusCode::CREATED, Json(MappingWritten { success: true, message, mapping_id })).into_response())
}
