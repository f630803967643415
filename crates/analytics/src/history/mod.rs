//! What one customer or one visit did, event by event.

mod params;
mod repository;
mod session;
mod user;
mod view;

pub(crate) use session::{__path_get_session_history, get_session_history};
pub(crate) use user::{__path_get_user_history, get_user_history};
