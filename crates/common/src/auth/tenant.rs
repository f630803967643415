//! The tenant a request is about and what the caller may do in it. A handler of tenant data cannot run without one.

use axum::{
    extract::{FromRef, FromRequestParts, MatchedPath, RawPathParams},
    http::{header, request::Parts},
};
use sqlx::PgPool;

use super::{
    Actor, AppState, Claims, Needs, Role, Scope, VerifiedApiKey,
    actor::client_address,
    caller::{claims, session_ended},
    needs,
};
use crate::{
    db::TenantTx,
    http::ApiError,
    ids::{ApiKeyId, SessionId, TenantId},
};

const API_KEY: &str = "x-api-key";
const TENANT: &str = "x-tenant-id";
/// The parameter of paths that name the tenant themselves.
const IN_PATH: &str = "tenant_id";

/// A caller who may do in this tenant what the route's permission says: a member with a token, or a machine with an API key.
/// The tenant is the one of `X-Tenant-Id`, or of the path under `/auth/tenants/{tenant_id}`, or the key's own. Rejects with
/// 401, 400, 404, 403, 429.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantContext {
    pub tenant_id: TenantId,
    pub actor: Actor,
    /// None when a machine calls.
    pub session_id: Option<SessionId>,
    /// The machine's key; none when a person calls.
    pub api_key_id: Option<ApiKeyId>,
    pub role: Role,
    /// The branches a member is limited to; `None` = all.
    pub branches: Option<Vec<String>>,
}

impl TenantContext {
    /// # Errors
    /// 403 where the role may not do what `min` may.
    pub fn require(&self, min: Role) -> Result<(), ApiError> {
        if self.role.covers(min) {
            return Ok(());
        }
        Err(ApiError::Forbidden(format!("This needs the role {}; yours is {}.", min.as_str(), self.role.as_str())))
    }

    /// A transaction that sees this tenant's rows only.
    ///
    /// # Errors
    /// 503 where the database is away.
    pub async fn tx(&self, pool: &PgPool) -> Result<TenantTx, ApiError> {
        Ok(TenantTx::begin(pool, self.tenant_id).await?)
    }
}

impl<S> FromRequestParts<S> for TenantContext
where
    S: Send + Sync,
    AppState: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let app = AppState::from_ref(state);
        let (role, scope) = match needed(parts)? {
            Needs::Member(role, scope) => (role, scope),
            Needs::Nothing | Needs::Person => {
                return Err(ApiError::Internal(anyhow::anyhow!("the route's permission names no role")));
            }
        };
        let in_path = tenant_in_path(parts, state).await?;
        let context = match api_key(parts)? {
            Some(key) => {
                let key = app.access.api_key(&app.api_keys, key).await?;
                of_machine(parts, &app, key, scope, in_path)?
            }
            None => of_person(parts, &app, in_path).await?,
        };
        app.limits.of_tenant(parts, context.tenant_id, context.api_key_id)?;
        if context.api_key_id.is_none() {
            context.require(role)?;
        }
        Ok(context)
    }
}

/// What the route of this request demands.
pub(super) fn needed(parts: &Parts) -> Result<Needs, ApiError> {
    // A router of tests says it itself.
    if let Some(needs) = parts.extensions.get::<Needs>() {
        return Ok(*needs);
    }
    let path = parts.extensions.get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    needs(&parts.method, path).ok_or_else(|| {
        ApiError::Internal(anyhow::anyhow!("{} {path} is missing in the table of permissions", parts.method))
    })
}

async fn of_person(parts: &Parts, app: &AppState, in_path: Option<TenantId>) -> Result<TenantContext, ApiError> {
    let Claims { sub, sid, .. } = claims(parts, app).await?;
    // The session is looked at before the tenant is judged: without a valid caller it is always 401.
    let named = named_tenant(parts, in_path);
    let standing = app.access.standing(sub, sid, named.as_ref().ok().copied()).await?;
    if !standing.alive {
        return Err(session_ended());
    }
    let tenant_id = named?;
    let role = standing.role.ok_or_else(no_such_tenant)?;
    let ip = client_address(parts, app.settings.limits.trusted_proxies);
    Ok(TenantContext {
        tenant_id,
        actor: Actor { account_id: Some(sub), name: standing.email, ip },
        session_id: Some(sid),
        api_key_id: None,
        role,
        branches: standing.branches,
    })
}

fn of_machine(
    parts: &Parts,
    app: &AppState,
    key: VerifiedApiKey,
    scope: Option<Scope>,
    in_path: Option<TenantId>,
) -> Result<TenantContext, ApiError> {
    let named = if in_path.is_some() || parts.headers.contains_key(TENANT) {
        named_tenant(parts, in_path)?
    } else {
        key.tenant
    };
    if named != key.tenant {
        return Err(if in_path.is_some() {
            no_such_tenant()
        } else {
            ApiError::Malformed(String::from("The header X-Tenant-Id names another tenant than the API key."))
        });
    }
    match scope {
        Some(scope) => key.require(scope)?,
        None => {
            return Err(ApiError::Forbidden(String::from("This is for people who are signed in, not for API keys.")));
        }
    }
    let ip = client_address(parts, app.settings.limits.trusted_proxies);
    Ok(TenantContext {
        tenant_id: key.tenant,
        actor: Actor { account_id: None, name: format!("API key {}", key.prefix), ip },
        session_id: None,
        api_key_id: Some(key.id),
        role: Role::Service,
        branches: None,
    })
}

/// The key of the request; none when it shows none.
fn api_key(parts: &Parts) -> Result<Option<&str>, ApiError> {
    let mut given = parts.headers.get_all(API_KEY).iter();
    let Some(key) = given.next() else { return Ok(None) };
    // Two of them, and whoever stands before us may have looked at the other one.
    if given.next().is_some() || parts.headers.contains_key(header::AUTHORIZATION) {
        return Err(ApiError::Unauthorized(String::from("Show one API key, or one token, not several.")));
    }
    Ok(Some(key.to_str().unwrap_or_default().trim()))
}

/// One word for both, so that nobody can find out which tenants exist.
fn no_such_tenant() -> ApiError {
    ApiError::NotFound(String::from("There is no such tenant, or you are no member of it."))
}

/// The tenant of a path under `/auth/tenants/{tenant_id}`.
async fn tenant_in_path<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<Option<TenantId>, ApiError> {
    let Ok(params) = RawPathParams::from_request_parts(parts, state).await else { return Ok(None) };
    let named = params.iter().find(|(name, _)| *name == IN_PATH);
    // What is no id names no tenant.
    named.map(|(_, id)| id.parse().map_err(|_| no_such_tenant())).transpose()
}

/// The tenant that the path names, and else the header; where both do, they must be one.
fn named_tenant(parts: &Parts, in_path: Option<TenantId>) -> Result<TenantId, ApiError> {
    let Some(tenant) = in_path else { return tenant_header(parts) };
    if parts.headers.contains_key(TENANT) && tenant_header(parts)? != tenant {
        return Err(ApiError::Malformed(String::from("The header X-Tenant-Id names another tenant than the address.")));
    }
    Ok(tenant)
}

fn tenant_header(parts: &Parts) -> Result<TenantId, ApiError> {
    let mut values = parts.headers.get_all(TENANT).iter();
    let Some(value) = values.next() else {
        return Err(ApiError::Malformed(String::from("The header X-Tenant-Id is missing.")));
    };
    if values.next().is_some() {
        return Err(ApiError::Malformed(String::from("The header X-Tenant-Id is given more than once.")));
    }
    value
        .to_str()
        .ok()
        .and_then(|text| text.trim().parse().ok())
        .ok_or_else(|| ApiError::Malformed(String::from("The header X-Tenant-Id is not a UUID.")))
}
