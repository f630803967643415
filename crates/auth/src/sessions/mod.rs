//! Sessions: a row per sign-in. A token is worth nothing once its session has ended.

mod close;
mod device;
mod end;
mod list;
mod logout;
mod note;
mod open;
mod refresh;
mod refresh_token;

pub(crate) use close::{__path_end_session, __path_end_sessions, end_session, end_sessions};
pub(crate) use device::{AtDoor, Device};
pub(crate) use end::Ending;
pub(crate) use list::{__path_list_sessions, list_sessions};
pub(crate) use logout::{__path_logout, logout};
pub(crate) use note::note_in_all;
pub(crate) use open::{Tokens, open, open_for_shell};
pub(crate) use refresh::{__path_refresh, refresh};
