//! Sessions: a row per sign-in. A token is worth nothing once its session has ended.

mod device;
mod end;
mod logout;
mod open;

pub(crate) use device::Device;
pub(crate) use logout::{__path_logout, logout};
pub(crate) use open::open;
