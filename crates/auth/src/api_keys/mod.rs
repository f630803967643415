//! A tenant's API keys as they are looked after: listed and revoked. Making and verifying them is `common::auth::api_key`.

mod list;
mod revoke;

pub use list::{ApiKeyRow, list};
pub use revoke::revoke;
