//! Which branches an answer is about: those asked for, and of these only what the caller may see.

use common::{auth::TenantContext, http::ApiError};

/// The branches the caller is limited to; `None` = all.
pub(crate) fn visible(context: &TenantContext) -> Option<&[String]> {
    context.branches.as_deref()
}

/// The branches asked for (none = all) as far as the caller may see them; `None` = no limit, empty = nothing.
pub(crate) fn selected(context: &TenantContext, asked: Vec<String>) -> Option<Vec<String>> {
    match visible(context) {
        None if asked.is_empty() => None,
        None => Some(asked),
        Some(visible) if asked.is_empty() => Some(visible.to_vec()),
        Some(visible) => Some(asked.into_iter().filter(|branch| visible.contains(branch)).collect()),
    }
}

/// For what is of the whole tenant: nobody who is limited to some branches.
///
/// # Errors
/// 403 for members who are limited to branches; `what` says what they asked for.
pub(crate) fn require_all_branches(context: &TenantContext, what: &str) -> Result<(), ApiError> {
    match visible(context) {
        None => Ok(()),
        Some(branches) => Err(ApiError::Forbidden(format!(
            "{what} is for members who are not limited to branches; you see {}.",
            branches.join(", ")
        ))),
    }
}

#[cfg(test)]
mod tests {
    use common::{
        auth::{Actor, Role},
        ids::TenantId,
    };

    use super::*;

    fn limited_to(branches: Option<&[&str]>) -> TenantContext {
        TenantContext {
            tenant_id: TenantId::generate(),
            actor: Actor { account_id: None, name: String::new(), ip: None },
            session_id: None,
            api_key_id: None,
            role: Role::Manager,
            branches: branches.map(|branches| branches.iter().map(ToString::to_string).collect()),
        }
    }

    #[test]
    fn nobody_selects_more_than_they_may_see() {
        let asked = |branches: &[&str]| branches.iter().map(ToString::to_string).collect::<Vec<_>>();
        let all = limited_to(None);
        assert_eq!(selected(&all, asked(&[])), None);
        assert_eq!(selected(&all, asked(&["D01"])), Some(asked(&["D01"])));
        let two = limited_to(Some(&["D01", "D02"]));
        assert_eq!(selected(&two, asked(&[])), Some(asked(&["D01", "D02"])));
        assert_eq!(selected(&two, asked(&["D02", "D03"])), Some(asked(&["D02"])));
        assert_eq!(selected(&two, asked(&["D03"])), Some(asked(&[])));
        assert_eq!(selected(&limited_to(Some(&[])), asked(&[])), Some(asked(&[])));
    }
}
