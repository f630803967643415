//! Entries of a tenant's audit log as they are listed and exported.

use chrono::{DateTime, Utc};
use common::ids::{AccountId, TenantId};
use serde::Serialize;
use serde_json::Value;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::filter::Filter;

/// Who did what to which thing from where.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct AuditEntryView {
    /// From 1, without gaps.
    pub(super) entry_no: i64,
    at: DateTime<Utc>,
    /// Null where a machine or the operator did it.
    actor_account_id: Option<AccountId>,
    /// An e-mail address, `API key <prefix>`, or `operator`.
    actor: String,
    /// A thing and a verb.
    #[schema(example = "member.removed")]
    action: String,
    /// What it was done to.
    target: Option<String>,
    /// Where the request came from.
    ip: Option<String>,
    #[schema(value_type = Object)]
    details: Value,
    /// The hash of the entry before, in hexadecimal; null for the first one.
    previous_hash: Option<String>,
    /// SHA-256 over all of this entry and the hash before: who keeps the last one sees every later change of the log.
    entry_hash: String,
}

/// The columns and the filter of both directions; `$order` is what differs.
macro_rules! select_entries {
    ($order:tt, $tenant:expr, $above:expr, $below:expr, $filter:expr, $skip:expr, $limit:expr) => {
        sqlx::query_as!(
            AuditEntryView,
            r#"select e.entry_no, e.at, e.actor_account_id as "actor_account_id: AccountId", e.actor, e.action, e.target,
                 e.ip, e.details, encode(e.previous_hash, 'hex') as "previous_hash?",
                 encode(e.entry_hash, 'hex') as "entry_hash!"
             from audit_log e
             where e.tenant_id = $1 and e.entry_no > $2 and e.entry_no < $3
                 and ($4::text is null or lower(e.actor) = $4 or e.actor_account_id::text = $4)
                 and ($5::text is null or e.action = $5 or starts_with(e.action, $5 || '.'))
                 and ($6::timestamptz is null or e.at >= $6)
                 and ($7::timestamptz is null or e.at < $7)
             order by e.entry_no "#
                + $order
                + " offset $8 limit $9",
            $tenant.uuid(),
            $above,
            $below,
            $filter.actor.as_deref(),
            $filter.action.as_deref(),
            $filter.start,
            $filter.end,
            $skip,
            $limit,
        )
    };
}

/// The newest first: older than `before`, of these `skip` left out, at most `limit` that the filter lets through.
///
/// # Errors
/// The database is away.
pub(super) async fn newest(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: &Filter,
    before: i64,
    skip: i64,
    limit: i64,
) -> Result<Vec<AuditEntryView>, sqlx::Error> {
    select_entries!("desc", tenant, 0, before, filter, skip, limit).fetch_all(conn).await
}

/// The oldest first: after entry `after` and before entry `before`, at most `limit` that the filter lets through.
///
/// # Errors
/// The database is away.
pub(super) async fn oldest(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: &Filter,
    after: i64,
    before: i64,
    limit: i64,
) -> Result<Vec<AuditEntryView>, sqlx::Error> {
    select_entries!("asc", tenant, after, before, filter, 0, limit).fetch_all(conn).await
}

/// How many entries the filter lets through.
///
/// # Errors
/// The database is away.
pub(super) async fn count(conn: &mut PgConnection, tenant: TenantId, filter: &Filter) -> Result<i64, sqlx::Error> {
    let Filter { actor, action, start, end } = filter;
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from audit_log e
         where e.tenant_id = $1
             and ($2::text is null or lower(e.actor) = $2 or e.actor_account_id::text = $2)
             and ($3::text is null or e.action = $3 or starts_with(e.action, $3 || '.'))
             and ($4::timestamptz is null or e.at >= $4)
             and ($5::timestamptz is null or e.at < $5)"#,
        tenant.uuid(),
        actor.as_deref(),
        action.as_deref(),
        *start,
        *end,
    )
    .fetch_one(conn)
    .await
}
