//! `GET /analytics/email/config`: the mail server that holds for the tenant, every secret masked.

use axum::extract::State;
use common::{
    auth::TenantContext,
    config::Settings,
    http::{ApiError, Json, MASK},
    ids::TenantId,
    secrets::Sealer,
};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::{
    effective::{fallback, of_tenant, sender},
    stored::{StoredConfig, StoredDkim, load},
};
use crate::{
    email::{
        MailState,
        outlet::{Outlet, OutletError},
    },
    scope::require_all_branches,
};

/// What this is about, for who may not see it.
pub(super) const WHAT: &str = "The mail server of the whole tenant";

/// The mail server that holds now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EmailConfigView {
    tenant_id: TenantId,
    /// null where mails go into files, or nowhere.
    config: Option<ConfigView>,
    /// Whether a send would be attempted.
    configured: bool,
    source: Option<ConfigSource>,
    /// Why no send would be attempted, and what to do.
    problem: Option<String>,
}

/// Whose it is: the tenant's own, the operator's default, or files on the machine of a developer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
enum ConfigSource {
    Tenant,
    Default,
    File,
}

/// A mail server. Of the operator's only the sender is shown: where it is and how one signs in there is not the tenant's.
#[derive(Debug, Serialize, ToSchema)]
struct ConfigView {
    #[schema(example = "smtp.example.com")]
    server: Option<String>,
    port: Option<u16>,
    #[schema(example = "Branch reports <reports@example.com>")]
    from_address: String,
    username: Option<String>,
    /// `***` where one is stored.
    #[schema(example = "***")]
    password: Option<&'static str>,
    use_tls: Option<bool>,
    use_ssl: Option<bool>,
    /// null = notices of what could not be delivered go to `from_address`.
    bounce_address: Option<String>,
    /// null = mails are not signed by us.
    dkim: Option<DkimView>,
}

/// What mails are signed with.
#[derive(Debug, Serialize, ToSchema)]
struct DkimView {
    domain: String,
    selector: String,
    /// `***`
    #[schema(example = "***")]
    private_key: &'static str,
}

/// The mail server
///
/// The tenant's own, or what holds where it set none.
#[utoipa::path(get, path = "/analytics/email/config", tag = "email",
    responses((status = 200, description = "What holds now, secrets masked", body = EmailConfigView)))]
pub(crate) async fn get_email_config(
    State(mail): State<MailState>,
    context: TenantContext,
) -> Result<Json<EmailConfigView>, ApiError> {
    require_all_branches(&context, WHAT)?;
    let mut tx = context.tx(&mail.app.pool).await?;
    view(tx.conn(), context.tenant_id, &mail.app.settings, &mail.sealer).await.map(Json)
}

/// The mail server as the API shows it.
///
/// # Errors
/// The database is away.
pub(super) async fn view(
    conn: &mut PgConnection,
    tenant: TenantId,
    settings: &Settings,
    sealer: &Sealer,
) -> Result<EmailConfigView, ApiError> {
    if let Some(stored) = load(conn, tenant).await? {
        let problem = of_tenant(&stored, tenant, sealer).err();
        let source = Some(ConfigSource::Tenant);
        let config = Some(ConfigView::own(stored));
        return Ok(EmailConfigView { tenant_id: tenant, config, configured: problem.is_none(), source, problem });
    }
    let (config, source, problem) = match fallback(settings).await {
        Ok(outlet @ Outlet::Server(_)) => {
            (Some(ConfigView::operators(sender(&outlet).to_string())), Some(ConfigSource::Default), None)
        }
        Ok(Outlet::Files { .. }) => (None, Some(ConfigSource::File), None),
        Err(OutletError::Database(error)) => return Err(error.into()),
        Err(error @ OutletError::Unconfigured) => (None, None, Some(error.to_string())),
        Err(error @ OutletError::Unusable(_)) => (None, Some(ConfigSource::Default), Some(error.to_string())),
    };
    Ok(EmailConfigView { tenant_id: tenant, config, configured: problem.is_none(), source, problem })
}

impl ConfigView {
    fn own(stored: StoredConfig) -> Self {
        let StoredConfig {
            server,
            port,
            from_address,
            bounce_address,
            username,
            password_sealed,
            use_tls,
            use_ssl,
            dkim,
        } = stored;
        Self {
            server: Some(server),
            port: Some(port),
            from_address,
            username,
            password: password_sealed.map(|_| MASK),
            use_tls: Some(use_tls),
            use_ssl: Some(use_ssl),
            bounce_address,
            dkim: dkim.map(|StoredDkim { domain, selector, key_sealed: _ }| DkimView {
                domain,
                selector,
                private_key: MASK,
            }),
        }
    }

    const fn operators(from_address: String) -> Self {
        Self {
            server: None,
            port: None,
            from_address,
            username: None,
            password: None,
            use_tls: None,
            use_ssl: None,
            bounce_address: None,
            dkim: None,
        }
    }
}
