//! Invitations: single-use links by which people become members.

mod admission;
mod token;

pub use admission::{accept, accept_key, check_key, is_of_allowed_domain, join_by_domain};
pub use token::InvitationKey;
