//! The tenant a request is about and what the caller may do in it. A handler of tenant data cannot run without one.

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
};
use sqlx::PgPool;

use super::{
    AppState, Claims, Role,
    caller::{claims, session_ended},
};
use crate::{
    db::{AccountTx, TenantTx},
    http::ApiError,
    ids::{AccountId, SessionId, TenantId},
};

/// A caller who is a member of the tenant that `X-Tenant-Id` names. Rejects with 401, 400, 404.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantContext {
    pub tenant_id: TenantId,
    pub account_id: AccountId,
    pub session_id: SessionId,
    pub role: Role,
    /// The branches a member is limited to; `None` = all.
    pub branches: Option<Vec<String>>,
}

#[derive(sqlx::FromRow)]
struct MembershipRow {
    alive: bool,
    role: Option<Role>,
    branches: Option<Vec<String>>,
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
        let Claims { sub: account_id, sid: session_id, .. } = claims(parts, &app)?;
        // The session is looked at before the header is judged: without a valid caller it is always 401.
        let named = tenant_header(parts);
        let row = membership(&app.pool, account_id, session_id, named.as_ref().ok().copied()).await?;
        if !row.alive {
            return Err(session_ended());
        }
        let tenant_id = named?;
        let role = row.role.ok_or_else(no_such_tenant)?;
        let MembershipRow { branches, .. } = row;
        Ok(Self { tenant_id, account_id, session_id, role, branches })
    }
}

/// A caller who is at least a manager of the tenant. Stands before the body in a handler's arguments, so that who may not
/// is told so, and not what is wrong with the body.
#[derive(Debug, Clone)]
pub struct ManagerContext(pub TenantContext);

impl<S> FromRequestParts<S> for ManagerContext
where
    S: Send + Sync,
    AppState: FromRef<S>,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let context = TenantContext::from_request_parts(parts, state).await?;
        context.require(Role::Manager)?;
        Ok(Self(context))
    }
}

/// One word for both, so that nobody can find out which tenants exist.
fn no_such_tenant() -> ApiError {
    ApiError::NotFound(String::from("There is no such tenant, or you are no member of it."))
}

/// Whether the request names a tenant at all.
pub(super) fn given_tenant(parts: &Parts) -> bool {
    parts.headers.contains_key("x-tenant-id")
}

pub(super) fn tenant_header(parts: &Parts) -> Result<TenantId, ApiError> {
    let mut values = parts.headers.get_all("x-tenant-id").iter();
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

/// The session's life and the membership, in one query under the person's own policy.
async fn membership(
    pool: &PgPool,
    account: AccountId,
    session: SessionId,
    tenant: Option<TenantId>,
) -> Result<MembershipRow, ApiError> {
    let mut tx = AccountTx::begin(pool, account).await?;
    let row = sqlx::query_as::<_, MembershipRow>(
        "select
             exists (
                 select from auth_sessions s
                 join accounts a on a.account_id = s.account_id and a.is_active
                 where s.session_id = $1 and s.account_id = $2 and s.ended_at is null and s.expires_at > now()) as alive,
             m.role,
             m.branches
         from (values (1)) as always (one)
         left join (
             memberships m
             join tenants t on t.tenant_id = m.tenant_id and t.is_active
         ) on m.tenant_id = $3 and m.account_id = $2",
    )
    .bind(session)
    .bind(account)
    .bind(tenant)
    .fetch_one(tx.conn())
    .await?;
    Ok(row)
}
