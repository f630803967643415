//! A tenant's API keys as they are looked after: made, listed and revoked. What a key is and how it is verified is
//! `common::auth::api_key`.

mod create;
mod list;
mod revoke;

pub(crate) use create::{__path_create_api_key, create_api_key, key_name_rule, make};
pub(crate) use list::{__path_list_api_keys, ApiKeyView, list, list_api_keys};
pub(crate) use revoke::{__path_revoke_api_key, revoke, revoke_api_key};
