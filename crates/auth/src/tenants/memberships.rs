//! Where a person belongs, read under their own policy: no tenant needs to be named.

use common::{
    auth::Role,
    ids::{AccountId, TenantId},
};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

/// A membership in an active tenant.
#[derive(Debug, Clone)]
pub(crate) struct MembershipRow {
    pub(crate) tenant_id: TenantId,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) branches: Option<Vec<String>>,
    pub(crate) time_zone: String,
    pub(crate) currency: String,
    pub(crate) week_start: i16,
}

/// A tenant and what the caller may do there.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct TenantRoleView {
    tenant_id: TenantId,
    name: String,
    role: Role,
}

impl From<MembershipRow> for TenantRoleView {
    fn from(row: MembershipRow) -> Self {
        let MembershipRow { tenant_id, name, role, .. } = row;
        Self { tenant_id, name, role }
    }
}

/// All of them, the one joined first at the top. `conn` is of an [`common::db::AccountTx`] of this account.
///
/// # Errors
/// The database is away.
pub(crate) async fn memberships(
    conn: &mut PgConnection,
    account: AccountId,
) -> Result<Vec<MembershipRow>, sqlx::Error> {
    sqlx::query_as!(
        MembershipRow,
        r#"select t.tenant_id as "tenant_id: TenantId", t.name, m.role as "role: Role", m.branches, t.time_zone,
             t.currency, t.week_start
         from memberships m
         join tenants t on t.tenant_id = m.tenant_id and t.is_active
         where m.account_id = $1
         order by m.created_at, t.tenant_id"#,
        account.uuid(),
    )
    .fetch_all(conn)
    .await
}
