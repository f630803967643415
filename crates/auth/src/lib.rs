//! auth-service: who you are. Sign-in through an OAuth provider, sessions, access tokens, and the tenants of a person.

mod api_keys;
mod audit;
pub mod cli;
mod dev_provider;
mod domains;
mod failures;
pub mod invitations;
mod login;
mod members;
mod pages;
mod paging;
mod person;
mod profile;
mod public_keys;
mod router;
mod secrets;
mod sessions;
mod state;
mod tenants;

pub use router::{META, app, document};
pub use state::AuthState;
