//! Who calls and for which tenant: tokens, sessions, memberships, as extractors that a handler cannot do without.

pub mod access;
mod actor;
pub mod api_key;
pub mod audit;
mod caller;
mod claims;
pub mod keys;
mod limits;
mod permissions;
mod role;
mod state;
mod tenant;
#[cfg(test)]
mod tests;

pub use access::Access;
pub use actor::{Actor, client_address};
pub use api_key::{ApiKeys, Scope, VerifiedApiKey};
pub use caller::Caller;
pub use claims::{AUDIENCE, Claims};
pub use keys::{SignError, TokenError, TokenKeys};
pub(crate) use limits::ShownQuota;
pub use limits::{Limits, Quota};
pub use permissions::{Needs, PERMISSIONS, Permission, needs};
pub use role::Role;
pub use state::AppState;
pub use tenant::TenantContext;
