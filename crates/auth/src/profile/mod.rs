//! The caller's own profile.

mod me;

pub(crate) use me::{__path_me, me};
