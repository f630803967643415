//! Invitations: single-use links by which people become members.

mod admission;
mod create;
mod list;
mod mail;
mod page;
mod revoke;
mod token;
mod view;
mod withdraw;

pub(crate) use admission::domain_of;
pub use admission::{accept, accept_key, check_key, is_of_allowed_domain, join_by_domain};
pub(crate) use create::{__path_create_invitation, create_invitation};
pub(crate) use list::{__path_list_invitations, list_invitations};
pub(crate) use page::{__path_invitation_page, invitation_page};
pub(crate) use revoke::{__path_revoke_invitation, revoke_invitation};
pub use token::InvitationKey;
pub(crate) use withdraw::withdraw;
