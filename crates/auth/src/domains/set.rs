//! `PUT /auth/tenants/{tenant_id}/domains/{domain}`: lets everybody of the company in.

use axum::extract::State;
use common::{
    auth::{Actor, TenantContext, audit},
    http::{ApiError, Json, Path},
    ids::TenantId,
};
use garde::Validate;
use serde::Deserialize;
use serde_json::json;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::{
    DomainPath,
    name::{domain_name, is_public},
    view::{DomainView, domains},
};
use crate::{invitations::domain_of, state::AuthState};

/// What who is let in by their domain becomes. Owners are made one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum DomainRole {
    Manager,
    Viewer,
}

impl DomainRole {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Manager => "manager",
            Self::Viewer => "viewer",
        }
    }
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DomainBody {
    #[garde(skip)]
    role: DomainRole,
}

/// Let a domain in
///
/// Whoever signs in with a confirmed address of it becomes a member of this role; members keep theirs. It has to be the
/// domain of the caller's own address, and none where anybody gets an address; the operator may allow others.
#[utoipa::path(put, path = "/auth/tenants/{tenant_id}/domains/{domain}", tag = "domains",
    params(("tenant_id" = TenantId, Path), ("domain" = String, Path, max_length = 253, pattern = r"^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$")), request_body = DomainBody,
    responses((status = 200, body = DomainView)))]
pub(crate) async fn set_domain(
    State(auth): State<AuthState>,
    context: TenantContext,
    Path(DomainPath { domain }): Path<DomainPath>,
    Json(DomainBody { role }): Json<DomainBody>,
) -> Result<Json<DomainView>, ApiError> {
    let domain = domain_name(&domain)?;
    if is_public(&domain) {
        return Err(ApiError::invalid("domain", "is one where anybody gets an address; invite people one by one"));
    }
    // The provider confirmed the address when the caller signed in with it.
    if domain_of(&context.actor.name) != domain {
        return Err(ApiError::Forbidden(format!(
            "You can let in the domain of your own address, {}; another one only who runs the system can.",
            domain_of(&context.actor.name)
        )));
    }
    let mut tx = context.tx(&auth.app.pool).await?;
    let view = store(tx.conn(), context.tenant_id, &domain, role, &context.actor).await?;
    tx.commit().await?;
    Ok(Json(view))
}

/// Stores it, whoever asks, with its entry in the audit log.
///
/// # Errors
/// The database is away.
pub(crate) async fn store(
    conn: &mut PgConnection,
    tenant: TenantId,
    domain: &str,
    role: DomainRole,
    actor: &Actor,
) -> Result<DomainView, ApiError> {
    sqlx::query!(
        "insert into tenant_domains (tenant_id, domain, role, created_by) values ($1, $2, $3, $4)
         on conflict (tenant_id, domain) do update set role = excluded.role",
        tenant.uuid(),
        domain,
        role.as_str(),
        actor.account_id.map(|account| account.uuid()),
    )
    .execute(&mut *conn)
    .await?;
    let view = domains(conn, tenant, Some(domain))
        .await?
        .pop()
        .ok_or_else(|| anyhow::anyhow!("a domain that was just stored is not there"))?;
    audit::note(conn, tenant, actor, "domain.allowed", Some(domain), json!({ "role": role.as_str() })).await?;
    Ok(view)
}
