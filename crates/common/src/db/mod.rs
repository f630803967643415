//! The database as the services use it: pools, transactions of one tenant or one person, and the schema's set-up.

mod connect;
pub mod schema;
mod scoped;

pub use connect::{connect_app, connect_owner};
pub use scoped::{AccountTx, TenantTx};
