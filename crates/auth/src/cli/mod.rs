//! The operator's commands of this service.

mod tenant;
mod token;

pub use tenant::{CreateTenant, create_tenant};
pub use token::{TokenCommand, print_token};
