//! The branches a manager is limited to: whose limit may be set, and to what.

use std::collections::BTreeSet;

use common::{
    auth::Role,
    http::{ApiError, FieldError},
    ids::TenantId,
};
use sqlx::PgConnection;

const MOST_BRANCHES: usize = 1000;
const LONGEST_CODE: usize = 200;

/// The limit as it is stored: each code once, in order; none = all branches. Codes that are no branch of the tenant's list are
/// refused, for a manager with a mistyped one would see nothing and nobody would know why; while there is no list, any is
/// taken.
///
/// # Errors
/// 422 for what is no list of branches, for unknown ones, and for a limit of somebody who is no manager.
pub(crate) async fn checked_branches(
    conn: &mut PgConnection,
    tenant: TenantId,
    role: Role,
    branches: Option<Vec<String>>,
) -> Result<Option<Vec<String>>, ApiError> {
    let Some(branches) = branches else { return Ok(None) };
    if role != Role::Manager {
        return Err(ApiError::invalid("branches", "only a manager can be limited to branches; leave it out"));
    }
    if branches.is_empty() || branches.len() > MOST_BRANCHES {
        let words = format!("must name 1 to {MOST_BRANCHES} branches; leave it out for all");
        return Err(ApiError::invalid("branches", words));
    }
    let known = sqlx::query_scalar!("select location_id from locations where tenant_id = $1", tenant.uuid())
        .fetch_all(conn)
        .await?
        .into_iter()
        .collect::<BTreeSet<_>>();
    let fault = |code: &str| {
        if code.trim().is_empty() || code.chars().count() > LONGEST_CODE || code.chars().any(char::is_control) {
            Some(format!("must have 1 to {LONGEST_CODE} printable characters"))
        } else if !known.is_empty() && !known.contains(code) {
            Some(format!("`{code}` is none of the tenant's branches"))
        } else {
            None
        }
    };
    let faults: Vec<FieldError> = branches
        .iter()
        .enumerate()
        .filter_map(|(n, code)| Some(FieldError::new(format!("branches[{n}]"), fault(code)?)))
        .collect();
    if !faults.is_empty() {
        return Err(ApiError::Invalid(faults));
    }
    Ok(Some(branches.into_iter().collect::<BTreeSet<_>>().into_iter().collect()))
}
