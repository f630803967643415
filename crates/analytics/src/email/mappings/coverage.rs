//! `GET /analytics/email/coverage`: whom reports do not reach, and which mappings reach nobody.

use axum::extract::State;
use chrono::{DateTime, Utc};
use common::{
    auth::TenantContext,
    http::{ApiError, Json},
    ids::TenantId,
};
use serde::Serialize;
use sqlx::PgConnection;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    email::{MailState, suppressions::SuppressionReason},
    scope::visible,
};

/// What is missing between branches and people.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CoverageView {
    /// Active locations whose report nobody gets: no mapping of them is enabled and of an address that mail is sent to. The
    /// roll-up over all branches counts for none.
    uncovered_branches: Vec<BranchView>,
    /// Mappings whose branch is no active location.
    unknown_branches: Vec<UnknownBranchView>,
    /// Mappings whose address does not exist any more, as far as a server said.
    bounced: Vec<BouncedView>,
    /// Mappings whose address is on the list of those that get no mail.
    suppressed: Vec<SuppressedView>,
    /// Mappings that are switched off.
    disabled: Vec<DisabledView>,
}

#[derive(Debug, Serialize, ToSchema)]
struct BranchView {
    branch_code: String,
    branch_name: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct UnknownBranchView {
    mapping_id: Uuid,
    branch_code: String,
    sales_rep_email: String,
}

#[derive(Debug, Serialize, ToSchema)]
struct BouncedView {
    mapping_id: Uuid,
    branch_code: String,
    sales_rep_email: String,
    bounced_at: DateTime<Utc>,
    bounce_reason: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
struct SuppressedView {
    mapping_id: Uuid,
    branch_code: String,
    sales_rep_email: String,
    reason: SuppressionReason,
    since: DateTime<Utc>,
}

#[derive(Debug, Serialize, ToSchema)]
struct DisabledView {
    mapping_id: Uuid,
    branch_code: String,
    sales_rep_email: String,
}

/// Whom reports do not reach
///
/// Branches that nobody gets the report of, and mappings that reach nobody; by branch and address. Members who are limited to
/// branches see those of their branches.
#[utoipa::path(get, path = "/analytics/email/coverage", tag = "email", responses((status = 200, body = CoverageView)))]
pub(crate) async fn get_coverage(
    State(mail): State<MailState>,
    context: TenantContext,
) -> Result<Json<CoverageView>, ApiError> {
    let branches = visible(&context);
    let mut tx = context.tx(&mail.app.pool).await?;
    let uncovered_branches = uncovered(tx.conn(), context.tenant_id, branches).await?;
    let mut view = CoverageView {
        uncovered_branches,
        unknown_branches: Vec::new(),
        bounced: Vec::new(),
        suppressed: Vec::new(),
        disabled: Vec::new(),
    };
    for row in troubled(tx.conn(), context.tenant_id, branches).await? {
        view.take(row);
    }
    Ok(Json(view))
}

async fn uncovered(
    conn: &mut PgConnection,
    tenant: TenantId,
    branches: Option<&[String]>,
) -> Result<Vec<BranchView>, sqlx::Error> {
    sqlx::query_as!(
        BranchView,
        "select l.location_id as branch_code, l.location_name as branch_name
         from locations l
         where l.tenant_id = $1 and l.is_active and ($2::text[] is null or l.location_id = any($2))
             and not exists (
                 select from branch_email_mappings m
                 where m.tenant_id = $1 and m.branch_code = l.location_id and m.is_enabled
                     and not exists (
                         select from email_suppressions s
                         where s.tenant_id = $1 and s.email = lower(m.sales_rep_email)))
         order by l.location_id",
        tenant.uuid(),
        branches,
    )
    .fetch_all(conn)
    .await
}

/// A mapping with something that is not as it should be.
struct TroubledRow {
    mapping_id: Uuid,
    branch_code: String,
    sales_rep_email: String,
    is_enabled: bool,
    is_unknown: bool,
    bounced_at: Option<DateTime<Utc>>,
    bounce_reason: Option<String>,
    reason: Option<SuppressionReason>,
    since: Option<DateTime<Utc>>,
}

async fn troubled(
    conn: &mut PgConnection,
    tenant: TenantId,
    branches: Option<&[String]>,
) -> Result<Vec<TroubledRow>, sqlx::Error> {
    sqlx::query_as!(
        TroubledRow,
        r#"select m.mapping_id, m.branch_code, m.sales_rep_email, m.is_enabled,
             m.branch_code <> '*' and l.location_id is null as "is_unknown!", m.bounced_at, m.bounce_reason,
             s.reason as "reason?: SuppressionReason", s.created_at as "since?"
         from branch_email_mappings m
         left join locations l on l.tenant_id = m.tenant_id and l.location_id = m.branch_code and l.is_active
         left join email_suppressions s on s.tenant_id = m.tenant_id and s.email = lower(m.sales_rep_email)
         where m.tenant_id = $1 and ($2::text[] is null or m.branch_code = any($2))
             and (not m.is_enabled or (m.branch_code <> '*' and l.location_id is null) or m.bounced_at is not null
                 or s.email is not null)
         order by m.branch_code, m.sales_rep_email collate "C""#,
        tenant.uuid(),
        branches,
    )
    .fetch_all(conn)
    .await
}

impl CoverageView {
    /// Files a mapping under each of its troubles.
    fn take(&mut self, row: TroubledRow) {
        let TroubledRow {
            mapping_id,
            branch_code,
            sales_rep_email,
            is_enabled,
            is_unknown,
            bounced_at,
            bounce_reason,
            reason,
            since,
        } = row;
        let named = || (mapping_id, branch_code.clone(), sales_rep_email.clone());
        if is_unknown {
            let (mapping_id, branch_code, sales_rep_email) = named();
            self.unknown_branches.push(UnknownBranchView { mapping_id, branch_code, sales_rep_email });
        }
        if let Some(bounced_at) = bounced_at {
            let (mapping_id, branch_code, sales_rep_email) = named();
            let view = BouncedView { mapping_id, branch_code, sales_rep_email, bounced_at, bounce_reason };
            self.bounced.push(view);
        }
        if let Some((reason, since)) = reason.zip(since) {
            let (mapping_id, branch_code, sales_rep_email) = named();
            self.suppressed.push(SuppressedView { mapping_id, branch_code, sales_rep_email, reason, since });
        }
        if !is_enabled {
            let (mapping_id, branch_code, sales_rep_email) = named();
            self.disabled.push(DisabledView { mapping_id, branch_code, sales_rep_email });
        }
    }
}
