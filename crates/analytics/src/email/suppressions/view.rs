//! An address that gets no mail, as the tenant's managers see it.

use chrono::{DateTime, Utc};
use common::ids::TenantId;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

use super::SuppressionReason;

/// An address that gets no mail.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct SuppressionView {
    /// In lower case.
    #[schema(example = "dana@example.com")]
    email: String,
    reason: SuppressionReason,
    note: Option<String>,
    created_at: DateTime<Utc>,
    /// The e-mail address of who put it on the list; null = the person themselves, or a bounce.
    created_by: Option<String>,
}

/// Which of the list.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted<'a> {
    pub(super) reason: Option<SuppressionReason>,
    /// Part of an address, in lower case.
    pub(super) part: Option<&'a str>,
    /// This address alone.
    pub(super) email: Option<&'a str>,
    /// Those after it.
    pub(super) after: Option<&'a str>,
}

/// Some of the list, by address.
///
/// # Errors
/// The database is away.
pub(super) async fn suppressions(
    conn: &mut PgConnection,
    tenant: TenantId,
    wanted: &Wanted<'_>,
    offset: i64,
    limit: i64,
) -> Result<Vec<SuppressionView>, sqlx::Error> {
    sqlx::query_as!(
        SuppressionView,
        r#"select s.email, s.reason as "reason: SuppressionReason", s.note, s.created_at, a.email as "created_by?"
         from email_suppressions s
         left join accounts a on a.account_id = s.created_by
         where s.tenant_id = $1 and ($2::text is null or s.reason = $2) and ($3::text is null or strpos(s.email, $3) > 0)
             and ($4::text is null or s.email = $4) and ($5::text is null or s.email > $5)
         order by s.email
         offset $6 limit $7"#,
        tenant.uuid(),
        wanted.reason.map(SuppressionReason::as_str),
        wanted.part,
        wanted.email,
        wanted.after,
        offset,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// How many there are, wherever a page begins.
///
/// # Errors
/// The database is away.
pub(super) async fn count(conn: &mut PgConnection, tenant: TenantId, wanted: &Wanted<'_>) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from email_suppressions s
         where s.tenant_id = $1 and ($2::text is null or s.reason = $2) and ($3::text is null or strpos(s.email, $3) > 0)"#,
        tenant.uuid(),
        wanted.reason.map(SuppressionReason::as_str),
        wanted.part,
    )
    .fetch_one(conn)
    .await
}

impl SuppressionView {
    /// Where it stands in the order of the list.
    pub(super) fn email(&self) -> &str {
        &self.email
    }
}
