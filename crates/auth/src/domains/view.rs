//! An allowed domain as the tenant's managers see it.

use chrono::{DateTime, Utc};
use common::{auth::Role, ids::TenantId};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;

/// Whoever signs in with a confirmed address of this domain becomes a member.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DomainView {
    #[schema(example = "example.org")]
    domain: String,
    /// What they become.
    role: Role,
    /// The e-mail address of who allowed it; null = the operator.
    created_by: Option<String>,
    created_at: DateTime<Utc>,
}

/// All of the tenant's, by name; `only` = just this one.
///
/// # Errors
/// The database is away.
pub(super) async fn domains(
    conn: &mut PgConnection,
    tenant: TenantId,
    only: Option<&str>,
) -> Result<Vec<DomainView>, sqlx::Error> {
    sqlx::query_as!(
        DomainView,
        r#"select d.domain, d.role as "role: Role", a.email as "created_by?", d.created_at
         from tenant_domains d
         left join accounts a on a.account_id = d.created_by
         where d.tenant_id = $1 and ($2::text is null or d.domain = $2)
         order by d.domain collate "C""#,
        tenant.uuid(),
        only,
    )
    .fetch_all(conn)
    .await
}
