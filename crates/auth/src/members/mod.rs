//! Who belongs to a tenant.

mod lock;

pub(crate) use lock::{lock_members, rejoined};
