//! What a member may do in a tenant.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A member's role. Owner may all a manager may, a manager all a viewer may; a service is a machine that works on data
/// and reads nothing a person's role would be needed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "lowercase")]
#[sqlx(type_name = "text", rename_all = "lowercase")]
pub enum Role {
    Owner,
    Manager,
    Viewer,
    Service,
}

impl Role {
    /// As it is stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Manager => "manager",
            Self::Viewer => "viewer",
            Self::Service => "service",
        }
    }

    /// Whether this role may do what `needed` may. Nothing but a service, and owners, may do a service's work.
    #[must_use]
    pub const fn covers(self, needed: Self) -> bool {
        match needed {
            Self::Owner => matches!(self, Self::Owner),
            Self::Manager => matches!(self, Self::Owner | Self::Manager),
            Self::Viewer => matches!(self, Self::Owner | Self::Manager | Self::Viewer),
            Self::Service => matches!(self, Self::Owner | Self::Service),
        }
    }
}

/// A role's name that is none of ours.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is not one of owner, manager, viewer, service")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        [Self::Owner, Self::Manager, Self::Viewer, Self::Service]
            .into_iter()
            .find(|role| role.as_str() == text)
            .ok_or_else(|| UnknownRole(text.to_owned()))
    }
}
