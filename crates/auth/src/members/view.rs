//! A member as others of the tenant see them.

use chrono::{DateTime, Utc};
use common::{
    auth::Role,
    ids::{AccountId, TenantId},
};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

/// Who belongs to the tenant, and as what.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct MemberView {
    pub(super) account_id: AccountId,
    pub(super) email: String,
    pub(super) name: Option<String>,
    pub(super) role: Role,
    /// The branches a manager is limited to; null = all.
    pub(super) branches: Option<Vec<String>>,
    /// Since when.
    pub(super) created_at: DateTime<Utc>,
}

/// Members by the time they joined, `limit` of them from `start` on; `only` = just this one.
///
/// # Errors
/// The database is away.
pub(super) async fn members(
    conn: &mut PgConnection,
    tenant: TenantId,
    only: Option<AccountId>,
    start: i64,
    limit: i64,
) -> Result<Vec<MemberView>, sqlx::Error> {
    sqlx::query_as!(
        MemberView,
        r#"select a.account_id as "account_id: AccountId", a.email, a.name, m.role as "role: Role", m.branches, m.created_at
         from memberships m
         join accounts a on a.account_id = m.account_id
         where m.tenant_id = $1 and ($2::uuid is null or m.account_id = $2)
         order by m.created_at, m.account_id
         offset $3 limit $4"#,
        tenant.uuid(),
        only.map(AccountId::uuid),
        start,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// The one member; none where the account is none.
///
/// # Errors
/// The database is away.
pub(super) async fn member(
    conn: &mut PgConnection,
    tenant: TenantId,
    account: AccountId,
) -> Result<Option<MemberView>, sqlx::Error> {
    members(conn, tenant, Some(account), 0, 1).await.map(|found| found.into_iter().next())
}
