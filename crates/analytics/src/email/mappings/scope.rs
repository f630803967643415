//! Whose mappings a member may change: of the branches they see, and `*` only who sees all.

use common::{auth::TenantContext, http::ApiError};

use super::ALL_BRANCHES;
use crate::scope::visible;

/// # Errors
/// Why the member may not, in words for people.
pub(super) fn may_change(context: &TenantContext, branch_code: &str) -> Result<(), String> {
    match visible(context) {
        Some(_) if branch_code == ALL_BRANCHES => {
            Err(String::from("is the roll-up over all branches, and you do not see them all"))
        }
        Some(branches) if !branches.iter().any(|branch| branch == branch_code) => {
            Err(format!("`{branch_code}` is none of the branches you see: {}", branches.join(", ")))
        }
        _ => Ok(()),
    }
}

/// # Errors
/// 403 where the member may not.
pub(super) fn require(context: &TenantContext, branch_code: &str) -> Result<(), ApiError> {
    may_change(context, branch_code).map_err(|why| ApiError::Forbidden(format!("The branch code {why}.")))
}
