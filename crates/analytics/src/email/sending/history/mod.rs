//! Was it sent? Every mail with what the server said, and one of them again.

mod list;
mod resend;

pub(super) use list::{__path_list_mails, list_mails};
pub(super) use resend::{__path_resend_mail, resend_mail};
