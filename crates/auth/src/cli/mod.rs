//! The operator's commands of this service.

mod api_key;
mod audit;
mod domain;
mod keys;
mod tenant;
mod token;

pub use crate::domains::DomainRole;
pub use api_key::{ApiKeyCommand, CreateApiKey, api_key};
pub use audit::{AuditCommand, VerifyAudit, audit};
pub use domain::{AllowDomain, DomainCommand, domain};
pub use keys::{KeysCommand, keys};
pub use tenant::{ActivateTenant, CreateTenant, activate_tenant, create_tenant};
pub use token::{TokenCommand, print_token};
