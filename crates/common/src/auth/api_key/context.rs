//! Who may feed a tenant: a machine with an API key, or a manager with a token.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::{header, request::Parts},
};

use super::{Scope, VerifiedApiKey};
use crate::{
    auth::{
        AppState, ManagerContext,
        tenant::{given_tenant, tenant_header},
    },
    http::ApiError,
    ids::{AccountId, TenantId},
};

const HEADER: &str = "x-api-key";

/// A caller who may feed events in: `X-Api-Key` with the scope `ingest`, or a token of an owner or manager and
/// `X-Tenant-Id`. A key names its tenant itself; where the header is there too, it must name the same one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IngestContext {
    pub tenant_id: TenantId,
    /// The person; none when a machine calls.
    pub account_id: Option<AccountId>,
}

impl<S> FromRequestParts<S> for IngestContext
where
    S: Send + Sync,
    AppState: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let app = AppState::from_ref(state);
        if let Some(key) = shown(parts, &app).await? {
            key.require(Scope::Ingest)?;
            return Ok(Self { tenant_id: key.tenant, account_id: None });
        }
        let ManagerContext(member) = ManagerContext::from_request_parts(parts, state).await?;
        Ok(Self { tenant_id: member.tenant_id, account_id: Some(member.account_id) })
    }
}

/// The key of the request, verified; none when it shows none.
async fn shown(parts: &Parts, app: &AppState) -> Result<Option<VerifiedApiKey>, ApiError> {
    let mut given = parts.headers.get_all(HEADER).iter();
    let Some(key) = given.next() else { return Ok(None) };
    // Two of them, and whoever stands before us may have looked at the other one.
    if given.next().is_some() || parts.headers.contains_key(header::AUTHORIZATION) {
        return Err(ApiError::Unauthorized(String::from("Show one API key, or one token, not several.")));
    }
    let key = app.api_keys.verify(&app.pool, key.to_str().unwrap_or_default().trim()).await?;
    if let Some(named) = given_tenant(parts).then(|| tenant_header(parts)).transpose()?
        && named != key.tenant
    {
        return Err(ApiError::Malformed(String::from("The header X-Tenant-Id names another tenant than the API key.")));
    }
    Ok(Some(key))
}
