//! Who calls and for which tenant: tokens, sessions, memberships, as extractors that a handler cannot do without.

pub mod api_key;
mod caller;
mod claims;
mod keys;
mod role;
mod state;
mod tenant;
#[cfg(test)]
mod tests;

pub use api_key::IngestContext;
pub use caller::Caller;
pub use claims::{AUDIENCE, Claims};
pub use keys::{TokenError, TokenKeys};
pub use role::Role;
pub use state::AppState;
pub use tenant::{ManagerContext, TenantContext};
