//! Which branches a send is about, who is mapped to them, and which of them nobody receives.

use std::collections::{BTreeMap, BTreeSet};

use common::{http::ApiError, ids::TenantId};
use sqlx::PgConnection;

use super::{
    start::{SendOrigin, unknown_branches},
    targets::Wanted,
};
use crate::email::report::ALL_BRANCHES;

/// What a send is about.
#[derive(Debug)]
pub(super) struct Branches {
    pub(super) wanted: Vec<Wanted>,
    /// Asked for, and nobody with an enabled mapping receives them.
    pub(super) skipped: Vec<String>,
    /// Of the branches, where known.
    pub(super) names: BTreeMap<String, String>,
}

/// Reads them. A branch that who asks may not see is as unknown as one that is not there. Of a schedule, which was right when it
/// was made, unknown codes are skipped as long as it has others: a branch that went must not cost the others their reports.
///
/// # Errors
/// 422 naming unknown codes, or the database.
pub(super) async fn select(
    conn: &mut PgConnection,
    tenant: TenantId,
    codes: Option<&[String]>,
    visible: Option<&[String]>,
    origin: SendOrigin,
) -> Result<Branches, ApiError> {
    let may_see = |code: &str| visible.is_none_or(|visible| visible.iter().any(|seen| seen == code));
    let mappings = sqlx::query!(
        r#"select m.branch_code, m.sales_rep_email, m.sales_rep_name, m.is_enabled, m.delivery,
             coalesce(m.branch_name, l.location_name) as branch_name
         from branch_email_mappings m
         left join locations l on l.tenant_id = $1 and l.location_id = m.branch_code
         where m.tenant_id = $1 and ($2::text[] is null or m.branch_code = any($2))
         order by m.branch_code, m.sales_rep_email"#,
        tenant.uuid(),
        codes,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mappings: Vec<_> = mappings.into_iter().filter(|mapping| may_see(&mapping.branch_code)).collect();
    let mut skipped = Vec::new();
    if let Some(codes) = codes {
        let locations = sqlx::query_scalar!(
            "select location_id from locations where tenant_id = $1 and location_id = any($2)",
            tenant.uuid(),
            codes,
        )
        .fetch_all(conn)
        .await?;
        let asked: BTreeSet<&str> = codes.iter().map(String::as_str).collect();
        let known: BTreeSet<&str> = locations
            .iter()
            .map(String::as_str)
            .chain(mappings.iter().map(|mapping| mapping.branch_code.as_str()))
            .chain([ALL_BRANCHES])
            .filter(|code| may_see(code))
            .collect();
        let unknown: BTreeSet<String> = asked.difference(&known).map(ToString::to_string).collect();
        let is_outlived = origin == SendOrigin::Schedule && unknown.len() < asked.len();
        if !unknown.is_empty() && !is_outlived {
            return Err(unknown_branches(&unknown));
        }
        let received: BTreeSet<&str> =
            mappings.iter().filter(|mapping| mapping.is_enabled).map(|mapping| mapping.branch_code.as_str()).collect();
        skipped = asked.difference(&received).map(ToString::to_string).collect();
    }
    let mut names = BTreeMap::new();
    let mut wanted = Vec::new();
    for mapping in mappings {
        if let Some(name) = mapping.branch_name {
            names.entry(mapping.branch_code.clone()).or_insert(name);
        }
        if mapping.is_enabled {
            wanted.push(Wanted {
                in_digest: mapping.delivery == "digest",
                branch_code: mapping.branch_code,
                email: mapping.sales_rep_email,
                name: mapping.sales_rep_name,
            });
        }
    }
    Ok(Branches { wanted, skipped, names })
}
