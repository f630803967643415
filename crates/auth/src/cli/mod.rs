//! The operator's commands of this service.

mod api_key;
mod keys;
mod tenant;
mod token;

pub use api_key::{ApiKeyCommand, CreateApiKey, api_key};
pub use keys::{KeysCommand, keys};
pub use tenant::{CreateTenant, create_tenant};
pub use token::{TokenCommand, print_token};
