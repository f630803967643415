//! API keys: what machines show instead of a token. The text carries its tenant's id, so that its row is found behind
//! the tenant's wall; only a keyed hash of it is stored.

mod create;
mod keys;
mod scope;
#[cfg(test)]
mod tests;
mod text;

pub use create::{CreatedApiKey, NewApiKey, create};
pub use keys::{ApiKeys, VerifiedApiKey};
pub use scope::{Scope, UnknownScope};
pub use text::{ApiKeyText, MalformedApiKey};
