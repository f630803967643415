//! The roles that people can have in a tenant, as bodies name them.

use common::auth::Role;
use serde::Deserialize;
use utoipa::ToSchema;

/// What a member may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MemberRole {
    Owner,
    Manager,
    Viewer,
}

impl From<MemberRole> for Role {
    fn from(role: MemberRole) -> Self {
        match role {
            MemberRole::Owner => Self::Owner,
            MemberRole::Manager => Self::Manager,
            MemberRole::Viewer => Self::Viewer,
        }
    }
}
