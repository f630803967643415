//! Domains of e-mail addresses whose people are let in without an invitation.

mod list;
mod name;
mod remove;
mod set;
mod view;

use serde::Deserialize;

pub(crate) use list::{__path_list_domains, list_domains};
pub(crate) use name::domain_name;
pub(crate) use remove::{__path_remove_domain, forget, remove_domain};
pub use set::DomainRole;
pub(crate) use set::{__path_set_domain, set_domain, store};

/// Of paths that name a domain; the tenant in them is the extractor's.
#[derive(Debug, Deserialize)]
pub(crate) struct DomainPath {
    domain: String,
}
