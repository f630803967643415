//! The caller's own profile.

mod change;
mod me;

pub(crate) use change::{__path_change_me, change_me};
pub(crate) use me::{__path_me, me};
