//! The development provider: a real authorization-code flow with PKCE, where nobody checks who you are.
//!
//! Exists only with ENVIRONMENT=DEV and a loopback SERVICE_HOST, or where the operator says ALLOW_DEV_LOGIN; the routes
//! are not there otherwise.

mod authorize;
mod codes;
mod provider;
mod token;
mod userinfo;

pub(crate) use authorize::{authorize, authorize_page};
pub(crate) use provider::DevProvider;
pub(crate) use token::token;
pub(crate) use userinfo::userinfo;
