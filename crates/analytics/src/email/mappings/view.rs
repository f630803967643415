//! A mapping as members see it.

use chrono::{DateTime, Utc};
use common::ids::TenantId;
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use super::rules::DeliveryKind;
use crate::email::suppressions::SuppressionReason;

/// Who gets which branch's report.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct MappingView {
    id: Uuid,
    /// `*` = the roll-up over all branches.
    #[schema(example = "D01")]
    pub(super) branch_code: String,
    /// The mapping's own, else that of the list of locations; null where neither has one.
    branch_name: Option<String>,
    #[schema(example = "dana@example.com")]
    pub(super) sales_rep_email: String,
    sales_rep_name: Option<String>,
    is_enabled: bool,
    delivery: DeliveryKind,
    /// When a mail to the address came back for good.
    bounced_at: Option<DateTime<Utc>>,
    bounce_reason: Option<String>,
    /// Why nothing is sent to the address, whatever the mapping says; null = it is.
    suppressed: Option<SuppressionReason>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// Those of these branches (none = of all), by branch and address.
///
/// # Errors
/// The database is away.
pub(super) async fn mappings(
    conn: &mut PgConnection,
    tenant: TenantId,
    branches: Option<&[String]>,
) -> Result<Vec<MappingView>, sqlx::Error> {
    sqlx::query_as!(
        MappingView,
        r#"select m.mapping_id as id, m.branch_code, coalesce(m.branch_name, l.location_name) as branch_name,
             m.sales_rep_email, m.sales_rep_name, m.is_enabled, m.delivery as "delivery: DeliveryKind", m.bounced_at,
             m.bounce_reason, s.reason as "suppressed?: SuppressionReason", m.created_at, m.updated_at
         from branch_email_mappings m
         left join locations l on l.tenant_id = m.tenant_id and l.location_id = m.branch_code
         left join email_suppressions s on s.tenant_id = m.tenant_id and s.email = lower(m.sales_rep_email)
         where m.tenant_id = $1 and ($2::text[] is null or m.branch_code = any($2))
         order by m.branch_code, m.sales_rep_email collate "C", m.mapping_id"#,
        tenant.uuid(),
        branches,
    )
    .fetch_all(conn)
    .await
}
