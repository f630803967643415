//! `PUT /analytics/email/mappings/{mapping_id}`.

use axum::extract::State;
use common::{
    auth::{TenantContext, audit},
    http::{ApiError, Json, Path},
    ids::TenantId,
};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{
    MappingWritten,
    body::{Mapping, MappingBody, load, refused},
    scope,
};
use crate::email::MailState;

/// Change who gets a branch's report
///
/// What is left out stays. Another address counts as not bounced.
#[utoipa::path(put, path = "/analytics/email/mappings/{mapping_id}", tag = "email",
    params(("mapping_id" = Uuid, Path)), request_body = MappingBody, responses(
    (status = 200, body = MappingWritten),
    (status = 409, description = "The branch has this address already",
        body = common::http::Problem, content_type = "application/problem+json"),
))]
pub(crate) async fn change_mapping(
    State(mail): State<MailState>,
    context: TenantContext,
    Path(mapping_id): Path<Uuid>,
    Json(body): Json<MappingBody>,
) -> Result<Json<MappingWritten>, ApiError> {
    let tenant = context.tenant_id;
    let mut tx = context.tx(&mail.app.pool).await?;
    let before = seen(tx.conn(), &context, tenant, mapping_id).await?;
    let mapping = body.over(Some(&before))?;
    scope::require(&context, &mapping.branch_code)?;
    let changed = changed(&before, &mapping);
    if !changed.is_empty() {
        save(tx.conn(), tenant, mapping_id, &mapping).await.map_err(|error| refused(error, &mapping))?;
        let (target, code) = (Some(mapping.sales_rep_email.as_str()), &mapping.branch_code);
        let fields: serde_json::Map<String, Value> =
            changed.iter().map(|(name, from, to)| ((*name).to_owned(), json!({ "from": from, "to": to }))).collect();
        let details = json!({ "mapping_id": mapping_id, "branch_code": code, "changed": fields });
        audit::note(tx.conn(), tenant, &context.actor, "mapping.changed", target, details).await?;
        tx.commit().await?;
    }
    let message = match changed.len() {
        0 => String::from("Nothing is different."),
        _ => format!("{} of {} is changed.", mapping.sales_rep_email, mapping.branch_code),
    };
    Ok(Json(MappingWritten { success: true, message, mapping_id }))
}

/// The mapping, as far as the member sees it.
///
/// # Errors
/// 404 where there is none, or it is of a branch that the member does not see.
pub(super) async fn seen(
    conn: &mut PgConnection,
    context: &TenantContext,
    tenant: TenantId,
    mapping_id: Uuid,
) -> Result<Mapping, ApiError> {
    load(conn, tenant, mapping_id)
        .await?
        .filter(|mapping| scope::may_change(context, &mapping.branch_code).is_ok())
        .ok_or_else(|| ApiError::NotFound(String::from("There is no such mapping.")))
}

async fn save(
    conn: &mut PgConnection,
    tenant: TenantId,
    mapping_id: Uuid,
    mapping: &Mapping,
) -> Result<(), sqlx::Error> {
    let Mapping { branch_code, branch_name, sales_rep_email, sales_rep_name, is_enabled, delivery } = mapping;
    sqlx::query!(
        "update branch_email_mappings
         set branch_code = $3, branch_name = $4, sales_rep_name = $6, is_enabled = $7, delivery = $8, updated_at = now(),
             bounced_at = case when sales_rep_email = $5 then bounced_at end,
             bounce_reason = case when sales_rep_email = $5 then bounce_reason end,
             sales_rep_email = $5
         where tenant_id = $1 and mapping_id = $2",
        tenant.uuid(),
        mapping_id,
        branch_code,
        branch_name.as_deref(),
        sales_rep_email,
        sales_rep_name.as_deref(),
        is_enabled,
        delivery.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Each field that differs, with both values.
pub(super) fn changed(from: &Mapping, to: &Mapping) -> Vec<(&'static str, Value, Value)> {
    let fields = |mapping: &Mapping| {
        let Mapping { branch_code, branch_name, sales_rep_email, sales_rep_name, is_enabled, delivery } = mapping;
        [
            ("branch_code", json!(branch_code)),
            ("branch_name", json!(branch_name)),
            ("sales_rep_email", json!(sales_rep_email)),
            ("sales_rep_name", json!(sales_rep_name)),
            ("is_enabled", json!(is_enabled)),
            ("delivery", json!(delivery)),
        ]
    };
    let pairs = fields(from).into_iter().zip(fields(to));
    pairs.filter(|((_, from), (_, to))| from != to).map(|((name, from), (_, to))| (name, from, to)).collect()
}
