//! Sends: listed, looked at, paused, resumed, cancelled.

mod control;
mod list;

pub(super) use control::{
    __path_cancel_send, __path_pause_send, __path_resume_send, cancel_send, pause_send, resume_send,
};
pub(super) use list::{__path_get_send, __path_list_sends, get_send, list_sends};
