//! Who belongs to a tenant, and as what.

mod add;
mod branches;
mod change;
mod list;
mod lock;
mod remove;
mod role;
mod view;

use common::{http::ApiError, ids::AccountId};
use serde::Deserialize;

pub(crate) use add::{__path_add_member, add_member};
pub(crate) use branches::checked_branches;
pub(crate) use change::{__path_change_member, change_member};
pub(crate) use list::{__path_list_members, list_members};
pub(crate) use lock::{lock_members, rejoined};
pub(crate) use remove::{__path_remove_member, remove_member};
pub(crate) use role::MemberRole;

/// Of paths that name a member; the tenant in them is the extractor's.
#[derive(Debug, Deserialize)]
pub(crate) struct MemberPath {
    account_id: AccountId,
}

fn no_such_member() -> ApiError {
    ApiError::NotFound(String::from("The tenant has no such member."))
}
